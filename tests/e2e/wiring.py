"""What template.yaml declares, read so that the tests can do what it says and nothing else.

CloudFormation's functions are resolved for one imaginary stack, far enough for this template; a function, a condition
operator or an event pattern that is not understood is an error, never a guess.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
REGION, ACCOUNT = "us-east-1", "123456789012"
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::StackName": "weir"}
PSEUDO["AWS::NoValue"] = None


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Sub x` becomes {"Fn::Sub": x}."""


def _tagged(loader, suffix, node):
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    value = kinds[type(node)](node, *([True] if isinstance(node, yaml.SequenceNode) else []))
    if suffix == "GetAtt":
        value = value.split(".", 1) if isinstance(value, str) else value
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


@dataclass
class Rule:
    """An EventBridge rule: events that match the pattern go to the queue, or to the dead letters when that fails."""

    name: str
    pattern: dict
    targets: list[str]
    dead_letters: list[str]


@dataclass
class Queue:
    """An SQS queue; `redrive` is the logical id of its dead-letter queue."""

    name: str
    visibility: int
    retention: int
    redrive: str | None
    max_receives: int | None


@dataclass
class Mapping:
    """An event source mapping: which queue feeds which function, in what batches."""

    queue: str
    function: str
    batch_size: int
    window: int
    partial_failures: bool


@dataclass
class Subscription:
    """A CloudWatch Logs group whose lines a function is invoked with; what fails is tried again and then sent on."""

    group: str
    function: str
    retries: int
    on_failure: str


@dataclass
class StreamMapping:
    """An event source mapping of a Kinesis stream: which feeds which function, and what becomes of failures."""

    stream: str
    function: str
    batch_size: int
    partial_failures: bool
    bisect: bool
    retries: int
    on_failure: str


@dataclass
class Function:
    """A function: the binary it is built from, its environment, and what its role allows."""

    name: str
    binary: str
    timeout: int
    memory: int
    environment: dict[str, str]
    statements: list[dict]

    def allows(self, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
        """Whether the role lets the function do this, as IAM would decide it."""
        hits = [s for s in self.statements if applies(s, action, resource, context or {})]
        return bool(hits) and all(s["Effect"] == "Allow" for s in hits)


class Stack:
    """The template as it would be deployed with these parameters.

    Names stand for what CloudFormation would make up: a bucket is called after its logical id, an ARN ends with the logical id.
    """

    def __init__(self, path: Path = ROOT / "template.yaml", **parameters):
        self.template = yaml.load(path.read_text(), _Loader)
        declared = self.template["Parameters"]
        unknown = parameters.keys() - declared.keys()
        assert not unknown, f"no such parameters: {unknown}"
        self.parameters = {name: parameters.get(name, spec.get("Default")) for name, spec in declared.items()}
        self.resources = {
            name: spec
            for name, spec in self.template["Resources"].items()
            if "Condition" not in spec or self.condition(spec["Condition"])
        }

    # -- resolving -----------------------------------------------------------------------------------------------------

    def condition(self, name: str) -> bool:
        return self.resolve(self.template["Conditions"][name])

    def resolve(self, value):
        """The value with every function in it computed. Entries that come out as AWS::NoValue are left out."""
        if isinstance(value, list):
            return [v for v in map(self.resolve, value) if v is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            if key == "Ref":
                return self._ref(argument)
            if key == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if key.startswith("Fn::"):
                return self._function(key, argument)
        resolved = {k: self.resolve(v) for k, v in value.items()}
        return {k: v for k, v in resolved.items() if v is not None}

    def _function(self, key, argument):
        if key == "Fn::GetAtt":
            return self._attribute(*argument)
        if key == "Fn::Sub":
            text, given = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))
            def fill(found):
                name = found.group(1)
                if name in given:
                    return str(given[name])
                return str(self._attribute(*name.split(".", 1)) if "." in name else self._ref(name))
            return re.sub(r"\$\{([^!}]+)\}", fill, text)
        if key == "Fn::If":
            return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
        if key == "Fn::Equals":
            return self.resolve(argument[0]) == self.resolve(argument[1])
        if key == "Fn::Or":
            return any(self.resolve(argument))
        if key == "Fn::Not":
            return not self.resolve(argument)[0]
        raise NotImplementedError(f"{key} in template.yaml")

    def _ref(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self._type(name)
        if kind == "AWS::S3::Bucket":
            return f"weir-{name.lower()}"
        if kind == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
        return name  # a queue's URL, a log group's name and so on: the logical id says which

    def _attribute(self, name, attribute):
        kind = self._type(name)
        if attribute == "QueueName":
            return name
        assert attribute == "Arn", f"{name}.{attribute} in template.yaml"
        return {
            "AWS::S3::Bucket": f"arn:aws:s3:::{self._ref(name)}",
            "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}",
            "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
        }[kind]

    def _type(self, name):
        assert name in self.resources, f"template.yaml refers to {name}, which is not there with these parameters"
        return self.resources[name]["Type"]

    # -- what is declared ----------------------------------------------------------------------------------------------

    def of_type(self, kind: str) -> dict[str, dict]:
        """Logical id → resolved properties, of every resource of a type."""
        return {n: self.resolve(r.get("Properties", {})) for n, r in self.resources.items() if r["Type"] == kind}

    @property
    def buckets(self) -> dict[str, str]:
        """Logical id → name."""
        return {n: self._ref(n) for n in self.of_type("AWS::S3::Bucket")}

    @property
    def topics(self) -> dict[str, str]:
        """Logical id → ARN."""
        return {n: self._ref(n) for n in self.of_type("AWS::SNS::Topic")}

    @property
    def rules(self) -> list[Rule]:
        return [
            Rule(
                name,
                rule["EventPattern"],
                [last(t["Arn"]) for t in rule["Targets"]],
                [last(t["DeadLetterConfig"]["Arn"]) for t in rule["Targets"] if "DeadLetterConfig" in t],
            )
            for name, rule in self.of_type("AWS::Events::Rule").items()
            # A schedule has no pattern.
            if rule.get("State", "ENABLED") == "ENABLED" and "EventPattern" in rule
        ]

    @property
    def queues(self) -> dict[str, Queue]:
        found = {}
        for name, queue in self.of_type("AWS::SQS::Queue").items():
            redrive = queue.get("RedrivePolicy", {})
            target = redrive.get("deadLetterTargetArn")
            found[name] = Queue(
                name,
                queue.get("VisibilityTimeout", 30),
                queue.get("MessageRetentionPeriod", 345600),
                target and last(target),
                redrive.get("maxReceiveCount"),
            )
        return found

    @property
    def mappings(self) -> list[Mapping]:
        return [
            Mapping(
                last(event["Properties"]["Queue"]),
                name,
                event["Properties"].get("BatchSize", 10),
                event["Properties"].get("MaximumBatchingWindowInSeconds", 0),
                "ReportBatchItemFailures" in event["Properties"].get("FunctionResponseTypes", []),
            )
            for name, function in self.of_type("AWS::Serverless::Function").items()
            for event in function.get("Events", {}).values()
            if event["Type"] == "SQS" and event["Properties"].get("Enabled", True)
        ]

    @property
    def subscriptions(self) -> list[Subscription]:
        """Those that may call their function: without the permission, CloudWatch Logs refuses to make one."""
        configs = {c["FunctionName"]: c for c in self.of_type("AWS::Lambda::EventInvokeConfig").values()}
        found = []
        for subscription in self.of_type("AWS::Logs::SubscriptionFilter").values():
            group, function = subscription["LogGroupName"], last(subscription["DestinationArn"])
            source = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
            assert any(
                (p["FunctionName"], p["Action"], p["Principal"]) == (function, "lambda:InvokeFunction", "logs.amazonaws.com")
                and (p["SourceArn"], p["SourceAccount"]) == (source, ACCOUNT)
                for p in self.of_type("AWS::Lambda::Permission").values()
            ), f"{group} may not call {function}"
            config = configs[function]
            target = last(config["DestinationConfig"]["OnFailure"]["Destination"])
            found.append(Subscription(group, function, config["MaximumRetryAttempts"], target))
        return found

    @property
    def streams(self) -> list[StreamMapping]:
        return [
            StreamMapping(
                mapping["EventSourceArn"],
                mapping["FunctionName"],
                mapping["BatchSize"],
                "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
                mapping.get("BisectBatchOnFunctionError", False),
                mapping["MaximumRetryAttempts"],
                last(mapping["DestinationConfig"]["OnFailure"]["Destination"]),
            )
            for mapping in self.of_type("AWS::Lambda::EventSourceMapping").values()
        ]

    @property
    def functions(self) -> dict[str, Function]:
        shared = self.resolve(self.template["Globals"]["Function"])
        roles = {f"arn:aws:iam::{ACCOUNT}:role/{n}": r for n, r in self.of_type("AWS::IAM::Role").items()}
        found = {}
        for name, own in self.of_type("AWS::Serverless::Function").items():
            variables = {**shared["Environment"]["Variables"], **own.get("Environment", {}).get("Variables", {})}
            found[name] = Function(
                name,
                self.resources[name]["Metadata"]["BuildProperties"]["Binary"],
                own.get("Timeout", shared.get("Timeout", 3)),
                own.get("MemorySize", shared.get("MemorySize", 128)),
                {k: str(v) for k, v in variables.items()},
                [s for p in roles[own["Role"]]["Policies"] for s in p["PolicyDocument"]["Statement"]],
            )
        return found

    def function(self, binary: str) -> Function:
        """The function built from this binary."""
        (found,) = [f for f in self.functions.values() if f.binary == binary]
        return found

    def mapping(self, binary: str) -> Mapping:
        """The mapping that feeds the function built from this binary."""
        (found,) = [m for m in self.mappings if m.function == self.function(binary).name]
        return found

    def targets(self, event: dict) -> list[str]:
        """The queues an event reaches: those of every rule whose pattern it matches."""
        return [queue for rule in self.rules if matches(rule.pattern, event) for queue in rule.targets]


def last(arn: str) -> str:
    """The logical id at the end of an ARN made up by `Stack`."""
    return re.split(r"[:/]", arn)[-1]


def aslist(value) -> list:
    return value if isinstance(value, list) else [value]


def matches(pattern: dict, event: dict) -> bool:
    """Whether an event matches an EventBridge pattern: every field named has a value that one of the alternatives accepts."""
    return all(
        isinstance(event.get(field), dict) and matches(wanted, event[field])
        if isinstance(wanted, dict)
        else field in event and any(_accepts(one, event[field]) for one in wanted)
        for field, wanted in pattern.items()
    )


def _accepts(alternative, value) -> bool:
    if not isinstance(alternative, dict):
        return alternative == value
    (operator, operand), = alternative.items()
    if operator == "prefix":
        return value.startswith(operand)
    if operator == "suffix":
        return value.endswith(operand)
    raise NotImplementedError(f"{operator} in an event pattern")


def applies(statement: dict, action: str, resource: str, context: dict[str, str]) -> bool:
    """Whether an IAM statement speaks of this action on this resource in this request."""
    return (
        any(like(p, action) for p in aslist(statement["Action"]))
        and any(like(p, resource) for p in aslist(statement["Resource"]))
        and all(_holds(op, key, w, context) for op, keys in statement.get("Condition", {}).items() for key, w in keys.items())
    )


def _holds(operator, key, wanted, context) -> bool:
    if operator not in ("StringLike", "StringLikeIfExists"):
        raise NotImplementedError(f"{operator} in a role's policy")
    if key not in context:
        return operator.endswith("IfExists")
    return any(like(p, context[key]) for p in aslist(wanted))


def like(pattern: str, value: str) -> bool:
    """IAM's wildcards: `*` and `?`, no others."""
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
