"""The stack on one machine: moto for S3, SQS and SNS, cargo-lambda for the runtime API, and the real binaries.

What AWS does between the parts, `River` does by hand and as template.yaml declares it: new objects become EventBridge
events, rules carry them to queues, event source mappings carry batches to functions, failed messages come back until they
are dead letters; CloudWatch Logs calls a subscriber, and a Kinesis stream is read in order. Between a function and moto stands a `Gate` that refuses what the function's role does not allow.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import boto3

from gate import SECONDS_TO_ANSWER, Gate
from wiring import ACCOUNT, REGION, ROOT, Function, Mapping, Stack, StreamMapping

EVENTS = ROOT / "infra" / "events"
BIN = Path(sys.prefix) / "bin"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}
ROUNDS = 100
LOG_GROUP = "flow-logs"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/flow-logs"


def sample(name: str) -> dict:
    """An event of infra/events: the shapes the tests send are the ones documented there."""
    return json.loads((EVENTS / f"{name}.json").read_text())


def object_created(bucket: str, key: str, size: int, etag: str) -> dict:
    """EventBridge's event for an uploaded object. Its key is as it is, not URL-encoded."""
    event = json.loads(sample("preprocess")["Records"][0]["body"])
    event["resources"] = [f"arn:aws:s3:::{bucket}"]
    event["detail"]["bucket"]["name"] = bucket
    event["detail"]["object"] |= {"key": key, "size": size, "etag": etag}
    return event


def s3_put(bucket: str, key: str) -> dict:
    """S3's own notification for an uploaded object. Its key is URL-encoded."""
    event = sample("preprocess-s3-put")
    event["Records"][0]["s3"]["bucket"] |= {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}
    event["Records"][0]["s3"]["object"]["key"] = quote_plus(key, safe="/")
    return event


def sqs_batch(queue: str, messages: list[dict]) -> dict:
    """The event Lambda makes of messages received from a queue."""
    shape = sample("preprocess")["Records"][0]
    records = []
    for message in messages:
        record = copy.deepcopy(shape)
        record |= {"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"]}
        record |= {"md5OfBody": message.get("MD5OfBody", ""), "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"}
        record["attributes"] |= message.get("Attributes", {})
        records.append(record)
    return {"Records": records}


def logs_message(stream: str, first: int, lines: list[str], kind: str = "DATA_MESSAGE") -> bytes:
    """What CloudWatch Logs sends of a log stream's lines, the first of which is its event number `first`."""
    message = json.loads(gzip.decompress(base64.b64decode(sample("preprocess-cloudwatch-logs")["awslogs"]["data"])))
    events = [{"id": f"{first + n:056}", "timestamp": 1768471500000, "message": line} for n, line in enumerate(lines)]
    message |= {"messageType": kind, "logGroup": LOG_GROUP, "logStream": stream, "logEvents": events}
    return gzip.compress(json.dumps(message).encode())


def stream_batch(stream: str, records: list[tuple[str, bytes]]) -> dict:
    """The event Lambda makes of records of a stream: sequence number and data."""
    shape = sample("preprocess-kinesis")["Records"][0]
    batch = []
    for number, data in records:
        record = copy.deepcopy(shape) | {"eventID": f"shardId-000000000000:{number}", "eventSourceARN": stream}
        record["kinesis"] |= {"sequenceNumber": number, "data": base64.b64encode(data).decode()}
        batch.append(record)
    return {"Records": batch}


class FunctionError(Exception):
    """The function did not answer, or answered with an error: to Lambda, the whole batch failed."""


@dataclass
class Process:
    """A program of ours in the background, its output in a file, ended by its own process id."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    child: subprocess.Popen = field(init=False)

    def __post_init__(self):
        with self.log.open("wb") as out:
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT}
            self.child = subprocess.Popen(self.command, env=self.env, cwd=ROOT, **streams)

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class River:
    """Everything running, and the hands that carry the water."""

    def __init__(self, stack: Stack, binaries: dict[str, Path], scratch: Path):
        self.stack, self.scratch = stack, scratch
        self.processes: dict[str, Process] = {}
        self.gates: dict[str, Gate] = {}
        self.seen: set[tuple[str, str, str]] = set()
        self.invocations: list[tuple[str, dict, object]] = []
        self.sequence = 1
        try:
            self._start_aws()
            self._create_resources()
            self._start_functions(binaries)
        except BaseException:
            print(self.report())
            self.stop()
            raise

    # -- starting and stopping -----------------------------------------------------------------------------------------

    def _start(self, name, command, env):
        self.processes[name] = Process(name, [str(c) for c in command], env, self.scratch / f"{name}.log")

    def _start_aws(self):
        self.moto_port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.moto_port]
        self._start("moto", command, os.environ | CREDENTIALS)
        wait_for_port(self.moto_port, self.processes["moto"])
        def client(service):
            return boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{self.moto_port}",
                region_name=REGION,
                **{k.lower(): v for k, v in CREDENTIALS.items()},
            )
        self.s3, self.sqs, self.sns = client("s3"), client("sqs"), client("sns")

    def _create_resources(self):
        """Buckets, queues and topics as declared, and two inboxes that subscribe to the alerts as a SIEM would."""
        outputs = self.stack.template["Outputs"]
        self.logs, self.state, alerts = (
            self.stack.resolve(outputs[name]["Value"]) for name in ("LogBucketName", "StateBucketName", "AlertTopicArn")
        )
        for bucket in self.stack.buckets.values():
            self.s3.create_bucket(Bucket=bucket)
            # Only here: a version per write shows the writes that change nothing, which S3 announces like any other.
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.urls = {}
        for queue in sorted(self.stack.queues.values(), key=lambda q: q.redrive is not None):  # dead-letter queues first
            attributes = {"VisibilityTimeout": str(queue.visibility), "MessageRetentionPeriod": str(queue.retention)}
            if queue.redrive:
                redrive = {"deadLetterTargetArn": self._queue_arn(queue.redrive), "maxReceiveCount": queue.max_receives}
                attributes["RedrivePolicy"] = json.dumps(redrive)
            self.urls[queue.name] = self.sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
        for name, arn in self.stack.topics.items():
            assert self.sns.create_topic(Name=name)["TopicArn"] == arn
        for inbox, policy in {"inbox": None, "inbox-high": {"severity": [{"numeric": [">=", 4]}]}}.items():
            self.urls[inbox] = self.sqs.create_queue(QueueName=inbox)["QueueUrl"]
            attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
            self.sns.subscribe(TopicArn=alerts, Protocol="sqs", Endpoint=self._queue_arn(inbox), Attributes=attributes)

    @staticmethod
    def _queue_arn(name):
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def _start_functions(self, binaries):
        """The control plane, and each binary under it with the environment Lambda would give it.

        `--only-lambda-apis`: cargo-lambda would otherwise start the functions itself, all with one environment.
        """
        self.runtime_port = free_port()
        command = [BIN / "cargo-lambda", "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", self.runtime_port]
        self._start("cargo-lambda", command, dict(os.environ))
        wait_for_port(self.runtime_port, self.processes["cargo-lambda"])
        for function in self.stack.functions.values():
            self.gates[function.name] = Gate(function, self.moto_port)
            env = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ} | function.environment | CREDENTIALS
            env |= {
                "AWS_ENDPOINT_URL": self.gates[function.name].url,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{self.runtime_port}/.rt/{function.binary}",
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
                "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
                "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                "RUST_BACKTRACE": "1",
            }
            self._start(function.binary, [binaries[function.binary]], env)

    def stop(self):
        for process in reversed(self.processes.values()):
            process.stop()
        for gate in self.gates.values():
            gate.shutdown()
            gate.server_close()

    # -- putting in ----------------------------------------------------------------------------------------------------

    def upload(self, key: str, body: bytes, announce: bool = True):
        """Puts a raw object; without `announce`, no event will tell of it."""
        version = self.s3.put_object(Bucket=self.logs, Key=key, Body=body)["VersionId"]
        if not announce:
            self.seen.add((self.logs, key, version))

    def log_events(self, message: bytes):
        """Has CloudWatch Logs call the subscribers of the log group, as `logs_message` packed it, and Lambda try again."""
        event = {"awslogs": {"data": base64.b64encode(message).decode()}}
        for subscription in self.stack.subscriptions:
            assert subscription.group == LOG_GROUP
            function = self.stack.functions[subscription.function]
            for _ in range(1 + subscription.retries):
                try:
                    self.invoke(function.binary, event)
                    break
                except FunctionError as error:
                    failure = {"version": "1.0", "requestPayload": event, "responsePayload": str(error)}
            else:
                self._send_failure(function, subscription.on_failure, failure)

    def put_records(self, data: list[bytes]) -> list[str]:
        """Puts records into the stream and has Lambda read them to the end. Their sequence numbers."""
        numbers = [f"{self.sequence + n:056}" for n in range(len(data))]
        self.sequence += len(data)
        (mapping,) = self.stack.streams
        records = list(zip(numbers, data))
        for at in range(0, len(records), mapping.batch_size):
            self._read_stream(mapping, records[at : at + mapping.batch_size], mapping.retries)
        return numbers

    def _read_stream(self, mapping: StreamMapping, records: list[tuple[str, bytes]], retries: int):
        """Gives a batch to the function, again from the first failure on, in halves if so declared, until it is given up."""
        numbers = [number for number, _ in records]
        function = self.stack.functions[mapping.function]
        try:
            answer = self.invoke(function.binary, stream_batch(mapping.stream, records)) or {}
            failed = [f["itemIdentifier"] for f in answer.get("batchItemFailures") or [] if mapping.partial_failures]
            rest = records[min(numbers.index(number) for number in failed) :] if failed else []
        except FunctionError:
            rest = records
        if rest and retries:
            half = len(rest) // 2 if mapping.bisect else 0
            for part in filter(None, (rest[:half], rest[half:])):
                self._read_stream(mapping, part, retries - 1)
        elif rest:
            where = {"streamArn": mapping.stream, "shardId": "shardId-000000000000", "batchSize": len(rest)}
            where |= {"startSequenceNumber": rest[0][0], "endSequenceNumber": rest[-1][0]}
            self._send_failure(function, mapping.on_failure, {"version": "1.0", "KinesisBatchInfo": where})

    def _send_failure(self, function: Function, queue: str, failure: dict):
        """What Lambda does with what it gave up, by the function's role."""
        assert function.allows("sqs:SendMessage", self._queue_arn(queue)), f"{function.name} may not send to {queue}"
        self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=json.dumps(failure))

    # -- carrying ------------------------------------------------------------------------------------------------------

    def flow(self):
        """Carries events and batches until nothing moves."""
        for _ in range(ROUNDS):
            moved = self.carry_events()
            for mapping in self.stack.mappings:
                moved = self.deliver(mapping) or moved
            if not moved:
                return
        raise AssertionError(f"still moving after {ROUNDS} rounds: does a function trigger itself?\n{self.report()}")

    def carry_events(self) -> bool:
        """Sends an event for each write since the last time to the queues the rules say. Whether there were any writes."""
        new = []
        for name, bucket in self.stack.buckets.items():
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
            versions = [v for page in pages for v in page.get("Versions", [])]
            written = [v for v in versions if (bucket, v["Key"], v["VersionId"]) not in self.seen]
            self.seen |= {(bucket, v["Key"], v["VersionId"]) for v in written}
            notifications = self.stack.of_type("AWS::S3::Bucket")[name].get("NotificationConfiguration", {})
            if notifications.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled"):
                new += [(v["LastModified"], bucket, v) for v in written]
        for _, bucket, version in sorted(new, key=lambda n: n[0]):
            event = object_created(bucket, version["Key"], version["Size"], version["ETag"].strip('"'))
            for queue in self.stack.targets(event):
                self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=json.dumps(event))
        return bool(new)

    def deliver(self, mapping: Mapping) -> bool:
        """Gives one batch to a function and acts on its answer as Lambda does. Whether there was a batch."""
        messages = self.receive(mapping.queue, mapping.batch_size)
        if not messages:
            return False
        everything = {m["MessageId"] for m in messages}
        try:
            answer = self.invoke(self.stack.functions[mapping.function].binary, sqs_batch(mapping.queue, messages)) or {}
            failed = {f["itemIdentifier"] for f in answer.get("batchItemFailures") or [] if mapping.partial_failures}
            failed = failed if failed <= everything else everything  # Lambda: an identifier it does not know fails the batch
        except FunctionError:
            failed = everything
        for message in messages:
            receipt = {"QueueUrl": self.urls[mapping.queue], "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self.sqs.change_message_visibility(**receipt, VisibilityTimeout=0)  # need not be waited for here
            else:
                self.sqs.delete_message(**receipt)
        return True

    def receive(self, queue: str, most: int) -> list[dict]:
        """Up to that many messages; fewer when there are no more."""
        messages = []
        while len(messages) < most:
            answer = self.sqs.receive_message(
                QueueUrl=self.urls[queue], MaxNumberOfMessages=min(10, most - len(messages)), MessageSystemAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                break
            messages += answer["Messages"]
        return messages

    def invoke(self, binary: str, event: dict):
        """Calls a function and returns what it answers."""
        process = self.processes[binary]
        url = f"http://127.0.0.1:{self.runtime_port}/2015-03-31/functions/{binary}/invocations"
        request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})
        try:
            if process.child.poll() is not None:
                raise AssertionError(f"{binary} ended with {process.child.returncode}\n{self.report()}")
            seconds = min(SECONDS_TO_ANSWER, self.stack.function(binary).timeout)
            with urllib.request.urlopen(request, timeout=seconds) as response:
                answer = json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            answer = FunctionError(f"{binary}: {error.code} {error.read().decode(errors='replace')}")
        except TimeoutError:
            raise AssertionError(f"{binary} did not answer in time\n{self.report()}") from None
        if isinstance(answer, dict) and "errorType" in answer:
            answer = FunctionError(f"{binary}: {answer}")
        self.invocations.append((binary, event, answer))
        if isinstance(answer, FunctionError):
            raise answer
        return answer

    # -- looking -------------------------------------------------------------------------------------------------------

    def take(self, queue: str) -> list[dict]:
        """Receives and deletes all messages of a queue."""
        messages = self.receive(queue, 1000)
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=message["ReceiptHandle"])
        return messages

    def alerts(self, inbox: str = "inbox") -> list[Alert]:
        """What the topic sent to an inbox since the last time."""
        return [Alert.from_envelope(json.loads(m["Body"])) for m in self.take(inbox)]

    def waiting(self) -> dict[str, int]:
        """How many messages each queue of the stack holds, seen or unseen; empty ones left out."""
        counts = {}
        for name in self.stack.queues:
            attributes = self.sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=["All"])["Attributes"]
            counts[name] = sum(int(attributes[f"ApproximateNumberOfMessages{state}"]) for state in ("", "NotVisible"))
        return {name: count for name, count in counts.items() if count}

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Key → content of what the state bucket holds under a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.state, Prefix=prefix)
        keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
        return {key: self.s3.get_object(Bucket=self.state, Key=key)["Body"].read() for key in keys}

    @property
    def refused(self) -> list[str]:
        """What functions tried and their roles do not allow."""
        return [line for gate in self.gates.values() for line in gate.refused]

    def report(self) -> str:
        """All that helps to see why a test failed."""
        recent = [f"{name} ← {len(event.get('Records', []))} records → {answer!r}" for name, event, answer in self.invocations[-12:]]
        parts = {"refused by policy": "\n".join(self.refused), "last invocations": "\n".join(recent)}
        parts |= {f"log of {p.name} ({p.log})": p.tail() for p in self.processes.values() if p.name != "moto"}
        return "\n".join(f"==== {title}\n{text}" for title, text in parts.items() if text)


@dataclass
class Alert:
    """A finding as the topic delivers it, and the attributes subscribers filter on."""

    finding: dict
    attributes: dict[str, tuple[str, str]]

    @classmethod
    def from_envelope(cls, envelope: dict) -> Alert:
        attributes = envelope.get("MessageAttributes", {})
        return cls(json.loads(envelope["Message"]), {k: (v["Type"], v["Value"]) for k, v in attributes.items()})

    @property
    def kind(self) -> str:
        return self.finding["finding_info"]["types"][0]

    @property
    def sources(self) -> set[str]:
        """The addresses that act, by the evidence."""
        return {e["src_endpoint"]["ip"] for e in self.finding.get("evidences", [])}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port: int, process: Process, seconds: float = 30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.child.poll() is None:
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{process.name} does not listen\n{process.tail()}")
