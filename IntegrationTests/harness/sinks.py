"""Every sink of the log shipper that speaks HTTP/1.1: its stand-in, its configuration, what arrived."""

import gzip
import json
from dataclasses import dataclass

from harness.aws import KEYS, CloudWatch, Objects
from harness.backend import Answer, Backend
from harness.certificates import certificates
from harness.cloud import Azure, Datadog, Splunk
from harness.loki import Loki
from harness.otlp import HTTPCollector, attributes
from harness.search import Search
from harness.shipping import match, output


class Collector(Backend):
    """Takes lines of JSON, and says no more than that."""

    def __init__(self, tls=None):
        self.lines = []
        super().__init__(self.take, tls)

    def take(self, request):
        self.lines += request.plain.decode().splitlines()
        return Answer(200)


@dataclass
class Sink:
    """`text(backend)` configures it; over TLS it is `secure(backend, authority's file)`."""

    name: str
    backend: type
    text: object
    secure: object
    # The numbers that arrived.
    numbers: object
    env: dict = None
    # Whether the configuration has a time limit for requests.
    has_timeout: bool = False

    def __str__(self):
        return self.name


def numbers_of(texts):
    return [json.loads(text)["n"] for text in texts]


def host_and_port(backend):
    return f"Host 127.0.0.1\n    Port {backend.port}"


def secured(authority, *more):
    return ["tls on", f"tls.ca_file {authority}", *more]


def _objects(backend):
    return numbers_of(line for body in backend.objects.values()
                      for line in gzip.decompress(body).decode().splitlines())


SINKS = [
    Sink("elasticsearch", Search,
         lambda one: match("elasticsearch", "host 127.0.0.1", f"port {one.port}", "index_name app",
                           "request_timeout 1s"),
         lambda one, ca: match("elasticsearch", "host 127.0.0.1", f"port {one.port}", "scheme https",
                               f"ca_file {ca}", "index_name app", "request_timeout 1s"),
         lambda one: [document["n"] for document in one.documents.values()], has_timeout=True),
    Sink("http", Collector,
         lambda one: match("http", f"endpoint {one.url}/logs", "read_timeout 1s"),
         lambda one, ca: match("http", f"endpoint {one.url}/logs", f"tls_ca_cert_path {ca}",
                               "read_timeout 1s"),
         lambda one: numbers_of(one.lines), has_timeout=True),
    Sink("loki", Loki,
         lambda one: match("loki", f"url {one.url}", "line_format json",
                           'extra_labels {"job":"test"}'),
         lambda one, ca: match("loki", f"url {one.url}", "line_format json", f"ca_cert {ca}"),
         lambda one: numbers_of(one.lines)),
    Sink("otlp", HTTPCollector,
         lambda one: match("opentelemetry", f"<http>\nendpoint {one.url}\nread_timeout 1s\n</http>"),
         lambda one, ca: match("opentelemetry", f"<http>\nendpoint {one.url}\nread_timeout 1s\n</http>",
                               f"<transport tls>\nca_path {ca}\n</transport>"),
         lambda one: [attributes(record)["n"] for record in one.records], has_timeout=True),
    Sink("datadog", Datadog,
         lambda one: match("datadog", "host 127.0.0.1", f"port {one.port}", "use_ssl false",
                           f"api_key {one.key}"),
         lambda one, ca: output("datadog", host_and_port(one), f"apikey {one.key}", *secured(ca)),
         lambda one: [log["n"] for log in one.logs]),
    Sink("splunk", Splunk,
         lambda one: match("splunk_hec", f"full_url {one.url}", f"hec_token {one.token}",
                           "read_timeout 1s"),
         lambda one, ca: match("splunk_hec", f"full_url {one.url}", f"hec_token {one.token}",
                               f"ca_file {ca}", "read_timeout 1s"),
         lambda one: [event["event"]["n"] for event in one.events], has_timeout=True),
    Sink("cloudwatch", CloudWatch,
         lambda one: match("cloudwatch_logs", "region eu-central-1", f"endpoint {one.url}",
                           "log_group_name g", "log_stream_name s", "auto_create_stream true"),
         lambda one, ca: output("cloudwatch_logs", "region eu-central-1", f"endpoint {one.url}",
                                "log_group_name g", "log_stream_name s", "auto_create_group on",
                                *secured(ca)),
         lambda one: numbers_of(one.messages), KEYS),
    Sink("s3", Objects,
         lambda one: match("s3", "s3_region eu-central-1", f"s3_endpoint {one.url}",
                           "s3_bucket logs", "path app/", "force_path_style true",
                           "<format>\n@type json\n</format>"),
         lambda one, ca: match("s3", "s3_region eu-central-1", f"s3_endpoint {one.url}",
                               "s3_bucket logs", "path app/", "force_path_style true",
                               f"ssl_ca_bundle {ca}", "<format>\n@type json\n</format>"),
         _objects, KEYS),
    Sink("azure", Azure,
         lambda one: _azure(one), lambda one, ca: _azure(one, *secured(ca)),
         lambda one: [record["n"] for record in one.records]),
]


def _azure(one, *more):
    return output("azure_logs_ingestion", f"tenant_id {one.tenant}", "client_id app",
                  f"client_secret {one.secret}", f"dce_url {one.url}", f"dcr_id {one.rule}",
                  "table_name App_CL", "time_generated on",
                  f"auth_url {one.url}/{one.tenant}/oauth2/v2.0/token", *more)


def authority():
    return certificates().root.path
