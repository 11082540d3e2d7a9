"""AWS by moto, stand-ins of it that fail, and where credentials come from."""

import contextlib
import datetime
import json
import logging
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

from harness.backend import Answer, Backend

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


@contextlib.contextmanager
def moto():
    """A moto server of its own; gives its URL."""
    from moto.server import ThreadedMotoServer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://%s:%s" % server.get_host_and_port()
    # Its state is the process's, and not the server's.
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"").close()
    try:
        yield url
    finally:
        server.stop()


def client(name, url):
    return boto3.client(name, region_name="eu-central-1", endpoint_url=url,
                        aws_access_key_id=KEY, aws_secret_access_key=SECRET)


def signature(request, region, service, key=KEY, secret=SECRET, token=None):
    """The authorization that botocore would write for a request that came in."""
    fields = request.headers["authorization"].partition("SignedHeaders=")[2].split(",")[0].split(";")
    headers = {name: request.headers[name] for name in fields if name != "host"}
    for name in ("x-amz-date", "x-amz-security-token"):
        headers.pop(name, None)
    again = botocore.awsrequest.AWSRequest(
        method=request.method, url=f"http://{request.headers['host']}{request.target}",
        data=request.body, headers=headers)
    again.context["timestamp"] = request.headers["x-amz-date"]
    credentials = botocore.credentials.Credentials(key, secret, token)
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer = kind(credentials, service, region)
    moment = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    with _clock(moment):
        signer.add_auth(again)
    return again.headers["Authorization"]


@contextlib.contextmanager
def _clock(moment):
    """botocore signs for now, and this is when now was."""
    before = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    try:
        yield
    finally:
        botocore.auth.get_current_datetime = before


class CloudWatch(Backend):
    """`PutLogEvents`, which checks each limit that its documentation names."""

    def __init__(self, tls=None):
        self.events = {}
        self.batches = []
        self.groups, self.retention = set(), {}
        self.keys = {KEY}
        self.rejected = []
        super().__init__(self.take, tls)

    def fails(self, status, kind, message="for the test"):
        return Answer(status, json.dumps({"__type": kind, "message": message}),
                      {"content-type": "application/x-amz-json-1.1"})

    def take(self, request):
        action = request.headers["x-amz-target"].removeprefix("Logs_20140328.")
        key = request.headers["authorization"].partition("Credential=")[2].split("/")[0]
        if key not in self.keys:
            return self.fails(400, "ExpiredTokenException", "The security token has expired")
        body = request.json
        stream = (body.get("logGroupName"), body.get("logStreamName"))
        if action == "CreateLogGroup":
            self.groups.add(stream[0])
        elif action == "PutRetentionPolicy":
            self.retention[stream[0]] = body["retentionInDays"]
        elif action == "CreateLogStream":
            if stream[0] not in self.groups:
                return self.fails(400, "ResourceNotFoundException")
            self.events.setdefault(stream, [])
        elif action == "PutLogEvents":
            return self.put(stream, body["logEvents"])
        else:
            return self.fails(400, "UnknownOperationException")
        return Answer(200, b"", {"content-type": "application/x-amz-json-1.1"})

    def put(self, stream, events):
        if stream not in self.events:
            return self.fails(400, "ResourceNotFoundException",
                              "The specified log stream does not exist.")
        times = [event["timestamp"] for event in events]
        size = sum(len(event["message"].encode()) + 26 for event in events)
        assert times == sorted(times), "events are not in the order of their times"
        assert size <= 1_048_576, f"the batch has {size} bytes"
        assert 1 <= len(events) <= 10_000, f"the batch has {len(events)} events"
        assert times[-1] - times[0] <= 24 * 3600 * 1000, "the batch is of more than a day"
        assert all(event["message"] for event in events), "an event is empty"
        self.batches.append(events)
        old, expired, new = self.rejected.pop(0) if self.rejected else (0, 0, len(events))
        self.events[stream] += events[max(old, expired):new]
        answer = {"nextSequenceToken": "49"}
        information = {}
        if old:
            information["tooOldLogEventEndIndex"] = old
        if expired:
            information["expiredLogEventEndIndex"] = expired
        if new < len(events):
            information["tooNewLogEventStartIndex"] = new
        if information:
            answer["rejectedLogEventsInfo"] = information
        return Answer(200, json.dumps(answer), {"content-type": "application/x-amz-json-1.1"})

    @property
    def messages(self):
        return [event["message"] for events in self.events.values() for event in events]


class Objects(Backend):
    """An S3 that keeps what is put, by path."""

    def __init__(self, tls=None):
        self.objects = {}
        self.puts = 0
        super().__init__(self.put, tls)

    def put(self, request):
        if request.method != "PUT":
            return Answer(405, "")
        self.puts += 1
        self.objects[request.path] = request.body
        return Answer(200, b"", {"etag": '"d41d8cd98f00b204e9800998ecf8427e"'})


class Identity(Backend):
    """Gives temporary credentials: the container's endpoint, the instance's, and the token service."""

    def __init__(self, life=3600):
        self.life = life
        self.issued = 0
        super().__init__(self.take)

    def credentials(self):
        self.issued += 1
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.life)
        return {"AccessKeyId": f"TEMPORARY{self.issued}", "SecretAccessKey": f"secret{self.issued}",
                "Token": f"session{self.issued}", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def take(self, request):
        if request.path == "/container":
            if request.headers.get("authorization") != "the-pods-token":
                return Answer(401, {"message": "who are you?"})
            return Answer(200, self.credentials())
        if request.path == "/latest/api/token":
            assert request.method == "PUT"
            assert request.headers["x-aws-ec2-metadata-token-ttl-seconds"]
            return Answer(200, "metadata-token")
        if request.path.startswith("/latest/meta-data/iam/security-credentials/"):
            if request.headers.get("x-aws-ec2-metadata-token") != "metadata-token":
                return Answer(401, "")
            if request.path.endswith("/the-role"):
                return Answer(200, {"Code": "Success", **self.credentials()})
            return Answer(200, "the-role")
        if request.path == "/" and b"Action=AssumeRole" in request.body:
            found = self.credentials()
            return Answer(200, "<AssumeRoleWithWebIdentityResponse><Result><Credentials>"
                          f"<AccessKeyId>{found['AccessKeyId']}</AccessKeyId>"
                          f"<SecretAccessKey>{found['SecretAccessKey']}</SecretAccessKey>"
                          f"<SessionToken>{found['Token']}</SessionToken>"
                          f"<Expiration>{found['Expiration']}</Expiration>"
                          "</Credentials></Result></AssumeRoleWithWebIdentityResponse>")
        return Answer(404, "")
