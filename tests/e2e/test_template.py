"""What template.yaml must hold whatever its functions do: nothing lost, nothing open, nothing allowed that is not needed."""

from __future__ import annotations

import json
import re

import pytest

from river import EVENTS
from wiring import ACCOUNT, REGION, ROOT, Stack, aslist, last

# What each function may do, beyond its own queue and its own log: (action, where), as its use case needs it.
MAY = {
    "preprocess": {
        ("s3:GetObject", "{logs}/AWSLogs/*"),
        ("s3:ListBucket", "{logs}"),
        ("s3:ListBucket", "{state}"),
        ("s3:GetObject", "{state}/ranges/*"),
        ("s3:PutObject", "{state}/processed/*"),
        ("s3:PutObject", "{state}/rejects/*"),
    },
    "score": {
        ("s3:ListBucket", "{state}"),
        ("s3:GetObject", "{state}/processed/*"),
        ("s3:GetObject", "{state}/rollup/*"),
        ("s3:GetObject", "{state}/incidents/*"),
        ("s3:GetObject", "{state}/models/*"),
        ("s3:GetObject", "{state}/findings/*"),
        ("s3:GetObject", "{state}/history/*"),
        ("s3:GetObject", "{state}/places.csv"),
        ("s3:GetObject", "{state}/networks.txt"),
        ("s3:GetObject", "{state}/geoip-city.mmdb"),
        ("s3:GetObject", "{state}/geoip-asn.mmdb"),
        ("s3:PutObject", "{state}/processed/source=usage/*"),
        ("s3:PutObject", "{state}/rollup/*"),
        ("s3:PutObject", "{state}/history/*"),
        ("s3:PutObject", "{state}/incidents/*"),
        ("s3:PutObject", "{state}/findings/*"),
    },
    "publish": {
        ("s3:ListBucket", "{state}"),
        ("s3:GetObject", "{state}/findings/*"),
        ("s3:GetObject", "{state}/published/*"),
        ("s3:GetObject", "{state}/suppressions.toml"),
        ("s3:GetObject", "{state}/models/current.json"),
        ("s3:PutObject", "{state}/findings/*"),
        ("s3:PutObject", "{state}/published/*"),
        ("sns:Publish", "{alerts}"),
    },
}
ENVIRONMENT = {
    "preprocess": {"STATE_BUCKET", "RUST_LOG", "WINDOW_MINUTES", "SOURCE", "FLOW_LOG_FIELDS", "FLOW_USAGE"},
    "score": {"STATE_BUCKET", "RUST_LOG", "USAGE_TIME_ZONE"},
    "publish": {"STATE_BUCKET", "RUST_LOG", "TOPIC_ARN", "METRICS_NAMESPACE"},
}


def arns(stack: Stack) -> dict[str, str]:
    output = {name: stack.resolve(spec["Value"]) for name, spec in stack.template["Outputs"].items()}
    return {
        "logs": f"arn:aws:s3:::{output['LogBucketName']}",
        "state": f"arn:aws:s3:::{output['StateBucketName']}",
        "alerts": output["AlertTopicArn"],
    }


def granted(stack: Stack, binary: str) -> set[tuple[str, str]]:
    """Every (action, resource) a function's role allows."""
    statements = stack.function(binary).statements
    assert all(s["Effect"] == "Allow" for s in statements)
    return {(a, r) for s in statements for a in aslist(s["Action"]) for r in aslist(s["Resource"])}


# -- nothing lost ------------------------------------------------------------------------------------------------------


def test_every_hop_leads_from_a_rule_through_a_queue_to_its_function(stack):
    assert sorted(t for r in stack.rules for t in r.targets) == sorted(m.queue for m in stack.mappings)
    assert sorted(m.function for m in stack.mappings) == sorted(stack.functions)


@pytest.mark.parametrize("binary", MAY)
def test_a_message_is_tried_five_times_and_then_kept(stack, binary):
    mapping, function = stack.mapping(binary), stack.function(binary)
    queue = stack.queues[mapping.queue]
    dead = stack.queues[queue.redrive]
    assert queue.max_receives == 5
    assert queue.visibility >= 6 * function.timeout + mapping.window, "a slow batch would be handed out again while it runs"
    assert dead.redrive is None and dead.retention > queue.retention, "a dead letter keeps the age of its message"
    assert mapping.partial_failures, "one bad message would bring its whole batch back"
    assert mapping.batch_size <= 10 or mapping.window >= 1, "Lambda refuses larger batches without a window"
    (rule,) = [r for r in stack.rules if mapping.queue in r.targets]
    assert rule.dead_letters == [dead.name]


def test_someone_hears_of_dead_letters(stack):
    """An alarm per dead-letter queue, to the operations topic: whoever reads alerts is not who repairs queues."""
    operations = stack.resolve(stack.template["Outputs"]["OperationsTopicArn"]["Value"])
    assert operations != arns(stack)["alerts"]
    watched = set()
    for alarm in stack.of_type("AWS::CloudWatch::Alarm").values():
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["AlarmActions"] == [operations]
        watched |= {d["Value"] for d in alarm["Dimensions"]}
    assert watched == {q.redrive for q in stack.queues.values() if q.redrive}
    topic = stack.of_type("AWS::SNS::Topic")[last(operations)]
    assert "KmsMasterKeyId" not in topic, "CloudWatch may not use the AWS managed key"


def test_buckets_announce_their_objects_and_outlive_the_stack(stack):
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True
        assert stack.resources[name]["DeletionPolicy"] == stack.resources[name]["UpdateReplacePolicy"] == "Retain"


def test_what_is_kept_for_a_time_covers_what_is_written(stack):
    """Every prefix the functions write expires some day, marks of what was sent no sooner than the findings they are about."""
    days = {}
    for rule in stack.of_type("AWS::S3::Bucket")["StateBucket"]["LifecycleConfiguration"]["Rules"]:
        if "ExpirationInDays" in rule:
            days[rule["Prefix"]] = rule["ExpirationInDays"]
    state = arns(stack)["state"]
    written = {r for b in MAY for a, r in granted(stack, b) if a == "s3:PutObject"}
    assert {r.removeprefix(f"{state}/").partition("/")[0] + "/" for r in written} == set(days)
    assert days["published/"] >= days["findings/"]


# -- nothing open ------------------------------------------------------------------------------------------------------


def test_buckets_are_private_encrypted_and_reached_by_tls_only(stack):
    policies = {p["Bucket"]: p["PolicyDocument"]["Statement"] for p in stack.of_type("AWS::S3::BucketPolicy").values()}
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["BucketEncryption"]
        arn = f"arn:aws:s3:::{stack.buckets[name]}"
        (deny,) = [s for s in policies[stack.buckets[name]] if s["Effect"] == "Deny"]
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (deny["Principal"], deny["Action"], set(deny["Resource"])) == ("*", "s3:*", {arn, f"{arn}/*"})
        for allow in (s for s in policies[stack.buckets[name]] if s["Effect"] == "Allow"):
            assert allow["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
            assert allow["Condition"]["StringEquals"]["aws:SourceAccount"]


def test_queues_are_encrypted_and_only_their_rules_may_send(stack):
    for queue in stack.of_type("AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
    senders = {}
    for policy in stack.of_type("AWS::SQS::QueuePolicy").values():
        (queue,), (statement,) = policy["Queues"], policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Allow", {"Service": "events.amazonaws.com"})
        assert (statement["Action"], last(statement["Resource"])) == ("sqs:SendMessage", queue)
        senders[queue] = {last(arn) for arn in aslist(statement["Condition"]["ArnEquals"]["aws:SourceArn"])}
    expected = {}
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
                expected.setdefault(last(arn), set()).add(name)
    assert senders == expected


# -- nothing allowed that is not needed --------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", MAY)
def test_a_role_allows_what_its_function_needs_and_no_more(stack, binary):
    expected = {(action, where.format(**arns(stack))) for action, where in MAY[binary]}
    queue = next(arn for action, arn in granted(stack, binary) if action == "sqs:ReceiveMessage")
    assert last(queue) == stack.mapping(binary).queue
    expected |= {(f"sqs:{verb}", queue) for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}
    group = stack.of_type("AWS::Serverless::Function")[stack.function(binary).name]["LoggingConfig"]["LogGroup"]
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    expected |= {("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs)}
    assert granted(stack, binary) == expected
    for statement in stack.function(binary).statements:
        assert ("s3:ListBucket" in aslist(statement["Action"])) == ("Condition" in statement), "listing is limited by prefix"


def test_roles_are_for_lambda_and_hold_nothing_managed(stack):
    for role in stack.of_type("AWS::IAM::Role").values():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert "ManagedPolicyArns" not in role


# -- the rest of the contract ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", ENVIRONMENT)
def test_a_function_gets_the_environment_it_reads(stack, binary):
    function = stack.function(binary)
    assert function.environment.keys() == ENVIRONMENT[binary]
    assert function.environment["STATE_BUCKET"] == stack.buckets["StateBucket"]
    properties = stack.of_type("AWS::Serverless::Function")[function.name]
    assert (ROOT / properties["CodeUri"] / "Cargo.toml").is_file() and last(properties["CodeUri"]) == binary
    shared = stack.resolve(stack.template["Globals"]["Function"])
    assert (shared["Runtime"], shared["Handler"]) == ("provided.al2023", "bootstrap")


def test_what_sam_makes_of_an_event_has_a_name_of_its_own(stack):
    """SAM names an event's mapping after function and event; CloudFormation refuses a name that is taken."""
    functions = stack.of_type("AWS::Serverless::Function")
    made = {name + event for name, function in functions.items() for event in function.get("Events", {})}
    assert made and not made & stack.template["Resources"].keys()


def test_logs_are_not_kept_for_ever(stack):
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == 90 for group in groups.values())
    assert {f["LoggingConfig"]["LogGroup"] for f in stack.of_type("AWS::Serverless::Function").values()} == set(groups)


def test_an_existing_bucket_is_read_and_not_touched():
    key = "arn:aws:kms:us-east-1:123456789012:key/0000"
    stack = Stack(ExistingLogBucketName="corp-logs", ExistingLogKeyArn=key, LogKeyPrefix="team/AWSLogs/")
    assert set(stack.buckets) == {"StateBucket"} and set(stack.of_type("AWS::S3::BucketPolicy")) == {"StateBucketPolicy"}
    function = stack.function("preprocess")
    assert function.allows("s3:GetObject", "arn:aws:s3:::corp-logs/team/AWSLogs/x") and function.allows("kms:Decrypt", key)
    assert not function.allows("s3:GetObject", "arn:aws:s3:::corp-logs/AWSLogs/x")
    event = json.loads(json.loads((EVENTS / "preprocess.json").read_text())["Records"][0]["body"])
    assert stack.targets(event) == []
    event["detail"]["bucket"]["name"] = "corp-logs"
    event["detail"]["object"]["key"] = f"team/{event['detail']['object']['key']}"
    assert stack.targets(event) == ["PreprocessQueue"]


def test_subscriptions_appear_with_their_addresses(stack):
    assert stack.of_type("AWS::SNS::Subscription") == {}
    given = Stack(AlertEmail="soc@example.com", OperationsEmail="ops@example.com").of_type("AWS::SNS::Subscription").values()
    heard = {last(s["TopicArn"]): s["Endpoint"] for s in given}
    assert heard == {"AlertTopic": "soc@example.com", "OperationsTopic": "ops@example.com"}


# -- lines that come inside events -------------------------------------------------------------------------------------

GROUP, STREAM = "flow-logs", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/flow-logs"
DEAD_LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:PreprocessDeadLetters"
READ_STREAM = {"DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"}


def more(stack: Stack, **parameters) -> set[tuple[str, str]]:
    """What preprocess may do beyond what it may without these parameters."""
    return granted(Stack(**parameters), "preprocess") - granted(stack, "preprocess")


def test_nothing_is_subscribed_unless_named(stack):
    assert stack.subscriptions == [] and stack.streams == []
    for kind in ("Lambda::Permission", "Lambda::EventInvokeConfig", "Lambda::EventSourceMapping", "Logs::SubscriptionFilter"):
        assert stack.of_type(f"AWS::{kind}") == {}
    assert not any(a.startswith("kinesis:") or a == "sqs:SendMessage" for a, _ in granted(stack, "preprocess"))


def test_a_log_group_calls_preprocess_and_its_failures_are_kept(stack):
    given = Stack(FlowLogGroupName=GROUP)
    (subscription,) = given.subscriptions
    assert (subscription.group, given.functions[subscription.function].binary) == (GROUP, "preprocess")
    assert subscription.on_failure == given.queues[given.mapping("preprocess").queue].redrive
    (filter,) = given.of_type("AWS::Logs::SubscriptionFilter").values()
    assert filter["FilterPattern"] == "", "every line"
    (permission,) = given.of_type("AWS::Lambda::Permission").values()
    assert permission["SourceArn"].endswith(f":log-group:{GROUP}:*") and permission["SourceAccount"] == ACCOUNT
    assert given.streams == [] and more(stack, FlowLogGroupName=GROUP) == {("sqs:SendMessage", DEAD_LETTERS)}


def test_a_stream_is_read_in_order_and_never_stops_for_good(stack):
    given = Stack(FlowLogStreamArn=STREAM)
    (mapping,) = given.streams
    assert (mapping.stream, given.functions[mapping.function].binary) == (STREAM, "preprocess")
    assert mapping.partial_failures and mapping.bisect and 0 < mapping.retries <= 10
    assert mapping.on_failure == given.queues[given.mapping("preprocess").queue].redrive
    (declared,) = given.of_type("AWS::Lambda::EventSourceMapping").values()
    assert declared["StartingPosition"] == "TRIM_HORIZON", "what came while the stack was made is not left out"
    assert 0 < declared["MaximumRecordAgeInSeconds"] <= 86400, "a stream keeps its records for a day at least"
    assert given.subscriptions == []
    expected = {(f"kinesis:{verb}", STREAM) for verb in READ_STREAM} | {("sqs:SendMessage", DEAD_LETTERS)}
    assert more(stack, FlowLogStreamArn=STREAM) == expected


def test_both_may_be_read_and_named_formats_reach_the_function():
    given = Stack(FlowLogGroupName=GROUP, FlowLogStreamArn=STREAM, Source="vpc-flow-log", FlowLogFields="tgw")
    assert len(given.subscriptions) == len(given.streams) == 1
    environment = given.function("preprocess").environment
    assert (environment["SOURCE"], environment["FLOW_LOG_FIELDS"]) == ("vpc-flow-log", "tgw")
    assert not any("SOURCE" in given.function(binary).environment for binary in ("score", "publish"))


# -- the files of infra/ -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", MAY)
def test_the_sample_event_reaches_its_function(stack, binary):
    (record,) = json.loads((EVENTS / f"{binary}.json").read_text())["Records"]
    assert stack.targets(json.loads(record["body"])) == [last(record["eventSourceARN"])] == [stack.mapping(binary).queue]


def test_samples_show_nothing_of_anyone():
    for path in EVENTS.glob("*.json"):
        assert set(re.findall(r"(?<!shardId-)\b\d{12}\b", path.read_text())) <= {ACCOUNT}, path


def test_the_local_environments_set_what_the_functions_read(stack):
    local = json.loads((ROOT / "infra/env/local.json").read_text())
    assert {name: set(v) for name, v in local.items()} == {name: set(f.environment) for name, f in stack.functions.items()}
    lines = dict(line.split("=", 1) for line in (ROOT / "infra/env/local.env").read_text().splitlines())
    for name, function in stack.functions.items():
        for key, value in function.environment.items():
            assert key == "RUST_LOG" or local[name][key] == lines[key] == value
