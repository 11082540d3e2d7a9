"""A Kafka cluster of librdkafka's own mock, in this process, and kcat to read back with."""

import ctypes
import ctypes.util
import json
import shutil
import subprocess

from harness.waiting import wait_until

try:
    LIBRARY = ctypes.CDLL("librdkafka.so.1")
except OSError:
    LIBRARY = None
IS_THERE = LIBRARY is not None and shutil.which("kcat") is not None

PRODUCE = 0


class Error:
    """Codes of the protocol, and of the library's own below zero."""

    TRANSPORT = -195
    NOT_LEADER = 6
    REQUEST_TIMED_OUT = 7
    MSG_SIZE_TOO_LARGE = 10
    TOPIC_AUTHORIZATION_FAILED = 29
    NOT_ENOUGH_REPLICAS = 19
    OUT_OF_ORDER_SEQUENCE = 45
    INVALID_RECORD = 87
    THROTTLING_QUOTA_EXCEEDED = 89


def declare():
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("conf_new", pointer, []),
        ("new", pointer, [ctypes.c_int, pointer, text, ctypes.c_size_t]),
        ("destroy", None, [pointer]),
        ("mock_cluster_new", pointer, [pointer, ctypes.c_int]),
        ("mock_cluster_destroy", None, [pointer]),
        ("mock_cluster_bootstraps", text, [pointer]),
        ("mock_topic_create", ctypes.c_int, [pointer, text, ctypes.c_int, ctypes.c_int]),
        ("mock_topic_set_error", None, [pointer, text, ctypes.c_int]),
        ("mock_broker_set_down", ctypes.c_int, [pointer, ctypes.c_int32]),
        ("mock_broker_set_up", ctypes.c_int, [pointer, ctypes.c_int32]),
        ("mock_broker_set_rtt", ctypes.c_int, [pointer, ctypes.c_int32, ctypes.c_int]),
        ("mock_partition_set_leader", ctypes.c_int,
         [pointer, text, ctypes.c_int32, ctypes.c_int32]),
        ("mock_push_request_errors_array", None,
         [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)]),
    ):
        function = getattr(LIBRARY, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, arguments


class Message:
    """One that kcat read."""

    def __init__(self, fields):
        self.partition = fields["partition"]
        self.offset = fields["offset"]
        self.time = fields["ts"]
        self.key = fields["key"]
        self.headers = fields.get("headers", [])
        self.payload = fields["payload"]

    @property
    def record(self):
        return json.loads(self.payload)


class Kafka:
    """Brokers that listen on ports of their own choice, and fail as they are told."""

    def __init__(self, brokers=1):
        declare()
        words = ctypes.create_string_buffer(512)
        self.handle = LIBRARY.rd_kafka_new(0, LIBRARY.rd_kafka_conf_new(), words, 512)
        assert self.handle, words.value
        self.cluster = LIBRARY.rd_kafka_mock_cluster_new(self.handle, brokers)
        self.brokers = LIBRARY.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()
        self.ids = range(1, brokers + 1)

    def close(self):
        if self.cluster:
            LIBRARY.rd_kafka_mock_cluster_destroy(self.cluster)
            LIBRARY.rd_kafka_destroy(self.handle)
            self.cluster = self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # What it does

    def create(self, topic, partitions=1):
        code = LIBRARY.rd_kafka_mock_topic_create(self.cluster, topic.encode(), partitions, 1)
        assert code == 0, code

    def fail(self, *codes, request=PRODUCE):
        """The next requests of this kind are answered so, one code each."""
        array = (ctypes.c_int * len(codes))(*codes)
        LIBRARY.rd_kafka_mock_push_request_errors_array(self.cluster, request, len(codes), array)

    def fail_topic(self, topic, code):
        LIBRARY.rd_kafka_mock_topic_set_error(self.cluster, topic.encode(), code)

    def down(self):
        for number in self.ids:
            LIBRARY.rd_kafka_mock_broker_set_down(self.cluster, number)

    def up(self):
        for number in self.ids:
            LIBRARY.rd_kafka_mock_broker_set_up(self.cluster, number)

    def delay(self, milliseconds):
        for number in self.ids:
            LIBRARY.rd_kafka_mock_broker_set_rtt(self.cluster, number, milliseconds)

    def lead(self, topic, partition, broker):
        LIBRARY.rd_kafka_mock_partition_set_leader(
            self.cluster, topic.encode(), partition, broker)

    # What it has

    def messages(self, topic):
        """All messages of a topic, partition after partition."""
        done = subprocess.run(
            ["kcat", "-C", "-e", "-q", "-J", "-b", self.brokers, "-t", topic, "-o", "beginning",
             "-X", "topic.auto.offset.reset=earliest"],
            capture_output=True, timeout=30, check=False)
        found = [Message(json.loads(line)) for line in done.stdout.splitlines()]
        return sorted(found, key=lambda message: (message.partition, message.offset))

    def numbers(self, topic, name="n"):
        return [message.record[name] for message in self.messages(topic)]

    def wait(self, topic, numbers, seconds=25.0):
        """Wait until all these numbers are there, and return those that are, in order."""
        wanted = set(numbers)
        last = [[]]

        def has_all():
            last[0] = self.numbers(topic)
            return wanted <= set(last[0])

        try:
            wait_until(has_all, f"{len(wanted)} messages of {topic}", seconds)
        except AssertionError as error:
            missing = sorted(wanted - set(last[0]))
            raise AssertionError(f"{error}; {len(missing)} missing: {missing[:10]}") from None
        return last[0]
