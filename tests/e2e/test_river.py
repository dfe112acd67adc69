"""End to end: logs go into the bucket, alerts come out of the topic, through the real functions and the declared wiring."""

from __future__ import annotations

import base64
import gzip
import json

import flowlogs
import pytest
from river import FunctionError, logs_message, object_created, s3_put, sample, sqs_batch

OUTSIDE = "203.0.113.66"


def only_alert(river):
    """The one alert in the inbox."""
    alerts = river.alerts()
    assert len(alerts) == 1, f"expected one alert, got {[(a.kind, a.sources) for a in alerts]}\n{river.report()}"
    return alerts[0]


def test_a_port_scan_becomes_one_alert(river):
    start = flowlogs.time(15)
    river.upload(flowlogs.key(start), flowlogs.log(start, scanner=OUTSIDE))
    river.flow()

    alert = only_alert(river)
    finding = alert.finding
    assert (finding["class_uid"], finding["category_uid"], finding["type_uid"]) == (2004, 2, 200400 + finding["activity_id"])
    assert finding["metadata"]["product"]["name"] == "Weir"
    assert finding["finding_info"]["types"] == ["port-scan"]
    assert alert.sources == {OUTSIDE}
    assert {e["dst_endpoint"]["ip"] for e in finding["evidences"]} == {flowlogs.WEB}
    assert OUTSIDE in finding["message"] and flowlogs.WEB in finding["message"]
    assert alert.attributes == {
        "kind": ("String", "port-scan"),
        "severity": ("Number", str(finding["severity_id"])),
        "account": ("String", flowlogs.ACCOUNT),
    }
    begin, end = int(start.timestamp()) * 1000, int(start.timestamp() + 300) * 1000
    assert begin <= finding["finding_info"]["first_seen_time"] <= finding["finding_info"]["last_seen_time"] <= end

    uid = finding["finding_info"]["uid"]
    (stored,) = river.objects("findings/dt=2026-01-15/").items()
    assert stored[0] == f"findings/dt=2026-01-15/{uid}.json" and json.loads(stored[1])["finding_info"]["uid"] == uid
    assert len(river.objects(f"published/{uid}/")) == 1
    hour = f"processed/source=flow/scope={flowlogs.ACCOUNT}.{flowlogs.REGION}/dt=2026-01-15/hour=10/"
    assert [k.startswith(hour) for k in river.objects("processed/") if "dt=2026-01-15" in k] == [True]


def test_quiet_traffic_alerts_nobody(river):
    start = flowlogs.time(16)
    river.upload(flowlogs.key(start), flowlogs.log(start))
    river.flow()
    assert [k for k in river.objects("processed/") if "dt=2026-01-16" in k]
    assert river.alerts() == []


def test_the_same_rows_alert_once_however_often_they_come(river):
    start = flowlogs.time(17)
    body = flowlogs.log(start, scanner=OUTSIDE)
    for unique in ("0a1b2c3d", "0a1b2c3d", "4e5f6071"):  # delivered, overwritten with the same bytes, copied to another key
        river.upload(flowlogs.key(start, unique), body)
        river.flow()
    first = only_alert(river)

    uid = first.finding["finding_info"]["uid"]
    (stored,) = river.objects("findings/dt=2026-01-17/").values()
    counted = [e.get("data") for e in first.finding["evidences"]]
    assert [e.get("data") for e in json.loads(stored)["evidences"]] == counted, "the copies were counted again"

    # All of it again at once, as after a redrive: the same events in one batch.
    for unique in ("0a1b2c3d", "4e5f6071", "0a1b2c3d"):
        river.upload(flowlogs.key(start, unique), body)
    river.flow()
    assert river.alerts() == []
    assert len(river.objects(f"published/{uid}/")) == 1


def test_subscribers_can_filter_on_severity(river):
    """A scan from inside is severe, one stopped at the border is not: a numeric filter on the attribute tells them apart."""
    start = flowlogs.time(18)
    river.upload(flowlogs.key(start, "00000001"), flowlogs.log(start, scanner=OUTSIDE))
    river.upload(flowlogs.key(start, "00000002"), flowlogs.log(start, scanner=flowlogs.DATABASE, at=flowlogs.DATABASE))
    river.flow()
    alerts = river.alerts()
    assert {source for a in alerts for source in a.sources} == {OUTSIDE, flowlogs.DATABASE}, river.report()
    severe = [a.finding["finding_info"]["uid"] for a in alerts if a.finding["severity_id"] >= 4]
    assert len(severe) == 1
    assert [a.finding["finding_info"]["uid"] for a in river.alerts("inbox-high")] == severe


def test_a_truncated_object_ends_in_the_dead_letters_with_its_reason(river):
    start = flowlogs.time(19)
    good, bad = flowlogs.key(start, "00000001"), flowlogs.key(start, "ffffffff")
    river.upload(bad, flowlogs.log(start, scanner="203.0.113.99")[:-200])
    river.upload(good, flowlogs.log(start, scanner=OUTSIDE))
    before = len(river.invocations)
    river.flow()

    tries = [answer for _, event, answer in river.invocations[before:] if bad in json.dumps(event)]
    mapping = river.stack.mapping("preprocess")
    queue = river.stack.queues[mapping.queue]
    assert len(tries) == queue.max_receives == 5
    (dead,) = river.take(queue.redrive)
    assert json.loads(dead["Body"])["detail"]["object"]["key"] == bad
    assert river.waiting() == {}, river.report()

    lines = [json.loads(line) for body in river.objects("rejects/").values() for line in body.splitlines()]
    named = [line for line in lines if bad in json.dumps(line)]
    assert named and all(line.get("reason") for line in named), f"no reject names {bad}: {lines}"
    assert not any(good in json.dumps(line) for line in lines)
    assert OUTSIDE in only_alert(river).sources, "the good object beside it was held up"


def test_only_the_failed_messages_of_a_batch_come_back(river):
    start = flowlogs.time(20)
    good, bad = flowlogs.key(start, "00000001"), flowlogs.key(start, "ffffffff")
    river.upload(good, flowlogs.log(start), announce=False)
    river.upload(bad, flowlogs.log(start)[:-200], announce=False)
    bodies = [json.dumps(object_created(river.logs, key, 1, "0" * 32)) for key in (good, bad)]
    messages = [{"MessageId": f"message-{n}", "ReceiptHandle": f"receipt-{n}", "Body": b} for n, b in enumerate(bodies)]
    answer = river.invoke("preprocess", sqs_batch(river.stack.mapping("preprocess").queue, messages))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-1"}]


def test_a_plain_s3_event_does_as_well(river):
    """S3 can call the function itself. Its keys are URL-encoded, and Hive-style keys show it: `=` arrives as `%3D`."""
    start = flowlogs.time(21)
    owner = f"aws-account-id={flowlogs.ACCOUNT}/aws-service=vpcflowlogs/aws-region={flowlogs.REGION}"
    folder = f"AWSLogs/{owner}/year=2026/month=01/day=21/"
    key = flowlogs.key(start, "a b+c", prefix=folder)
    river.upload(key, flowlogs.log(start, scanner=OUTSIDE), announce=False)
    river.invoke("preprocess", s3_put(river.logs, key))
    river.flow()
    assert only_alert(river).sources == {OUTSIDE}


def test_a_key_that_looks_encoded_is_taken_as_it_is(river):
    """EventBridge does not encode keys: a `%3D` or a `+` in one is part of the name."""
    start = flowlogs.time(22)
    river.upload(flowlogs.key(start, "a+b%3Dc"), flowlogs.log(start, scanner=OUTSIDE))
    river.flow()
    assert only_alert(river).sources == {OUTSIDE}


def test_the_test_event_of_s3_is_acknowledged(river):
    """S3 sends one when a notification is set up; it names no object, and failing on it would fill the dead letters."""
    answer = river.invoke("preprocess", sample("preprocess-s3-test"))
    assert not (answer or {}).get("batchItemFailures")


def processed(river, day: str) -> dict[str, bytes]:
    """The batches of the day that the account's and region's logs came to."""
    scope = f"processed/source=flow/scope={flowlogs.ACCOUNT}.{flowlogs.REGION}/dt={day}/"
    found = river.objects("processed/")
    assert all(key.startswith(scope) for key in found if day in key), list(found)
    return {key: body for key, body in found.items() if key.startswith(scope)}


def test_the_lines_of_a_log_group_become_an_alert(river):
    """In two batches of one log stream, sent twice; they land where an object's rows land, so that both are scored together."""
    start = flowlogs.time(24)
    lines = flowlogs.lines(start, scanner=OUTSIDE)
    halves = [logs_message("eni-all", at, lines[at : at + 60]) for at in range(0, len(lines), 60)]
    for message in [logs_message("", 0, ["checking"], kind="CONTROL_MESSAGE"), *halves, *halves]:
        river.log_events(message)
    river.flow()
    alert = only_alert(river)
    assert (alert.kind, alert.sources) == ("port-scan", {OUTSIDE})
    assert len(processed(river, "2026-01-24")) == len(halves)


def test_a_broken_subscription_is_a_dead_letter_that_can_be_redriven(river):
    start = flowlogs.time(25)
    whole = logs_message("eni-all", 0, flowlogs.lines(start, scanner=OUTSIDE))
    before = len(river.invocations)
    river.log_events(whole[:-20])
    assert len(river.invocations) - before == 1 + 2
    queue = river.stack.mapping("preprocess").queue
    (dead,) = river.take(river.stack.queues[queue].redrive)
    letter = json.loads(dead["Body"])
    assert processed(river, "2026-01-25") == {}

    # The cause is gone (here: the payload is whole), and the dead letter is moved back to the queue.
    data = json.dumps(base64.b64encode(whole).decode())
    body = json.dumps(letter).replace(json.dumps(letter["requestPayload"]["awslogs"]["data"]), data)
    river.sqs.send_message(QueueUrl=river.urls[queue], MessageBody=body)
    river.flow()
    assert only_alert(river).sources == {OUTSIDE}


def test_the_records_of_a_stream_become_an_alert_and_a_bad_one_stops_nothing(river):
    start = flowlogs.time(26)
    lines = flowlogs.lines(start, scanner=OUTSIDE)
    whole = logs_message("eni-all", 0, lines[:40])
    records = [whole, "\n".join(lines[40:80]).encode(), whole[:-20], gzip.compress("\n".join(lines[80:]).encode())]
    before = river.objects("rejects/").keys()
    numbers = river.put_records(records)
    river.flow()
    alert = only_alert(river)
    assert (alert.kind, alert.sources) == ("port-scan", {OUTSIDE})
    assert len(processed(river, "2026-01-26")) == 3

    written = {key: body for key, body in river.objects("rejects/").items() if key not in before}
    (report,) = [json.loads(body) for key, body in written.items() if key.endswith(".jsonl")]
    assert numbers[2] in report["object"] and "ends early" in report["detail"]
    assert written[report["kept"]] == whole[:-20], "what no one could read is not lost with the stream"

    # Lambda reads on from before: the same records again change nothing.
    river.sequence = int(numbers[0])
    assert river.put_records(records) == numbers
    river.flow()
    assert len(processed(river, "2026-01-26")) == 3 and river.alerts() == []


@pytest.mark.parametrize("binary", ["score", "publish"])
def test_only_preprocess_takes_log_lines(river, binary):
    with pytest.raises(FunctionError, match="only the function preprocess takes those"):
        river.invoke(binary, sample("preprocess-cloudwatch-logs"))
    with pytest.raises(FunctionError, match="only the function preprocess takes those"):
        river.invoke(binary, sample("preprocess-kinesis"))


@pytest.mark.parametrize("binary", ["preprocess", "score", "publish"])
def test_an_unreadable_message_fails_alone(river, binary):
    """What no one can read goes back, and so to the dead letters; it must neither pass as done nor take its batch with it."""
    message = {"MessageId": "message-0", "ReceiptHandle": "receipt-0", "Body": "not an event"}
    answer = river.invoke(binary, sqs_batch(river.stack.mapping(binary).queue, [message]))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]


def test_each_finding_is_counted_in_a_metric(river):
    start = flowlogs.time(23)
    log = river.processes["publish"].log
    before = log.stat().st_size
    river.upload(flowlogs.key(start), flowlogs.log(start, scanner=OUTSIDE))
    river.flow()
    only_alert(river)
    written = log.read_bytes()[before:].decode().splitlines()
    metrics = [json.loads(line) for line in written if line.startswith("{") and '"_aws"' in line]
    assert len(metrics) == 1, written
    (directive,) = metrics[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == river.stack.function("publish").environment["METRICS_NAMESPACE"]
    for metric in directive["Metrics"]:
        assert isinstance(metrics[0][metric["Name"]], (int, float))
    for names in directive["Dimensions"]:
        assert all(isinstance(metrics[0][name], str) for name in names)


def test_the_functions_stay_within_their_roles(river):
    """The gate does refuse: without it, the other tests would prove nothing about the roles."""
    gate = river.gates[river.stack.function("score").name]
    assert not gate.function.allows("s3:GetObject", f"arn:aws:s3:::{river.logs}/AWSLogs/x")
    assert not gate.function.allows("s3:PutObject", f"arn:aws:s3:::{river.state}/published/x")
    assert gate.function.allows("s3:PutObject", f"arn:aws:s3:::{river.state}/findings/dt=2026-01-15/x.json")
