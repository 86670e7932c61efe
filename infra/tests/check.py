"""Transforms the template as the service does, and creates and deletes it on moto's CloudFormation.

Run by `cargo verify infra`, with the packages of `check.txt`. Moto knows the resources, not the transform; so what
is created is what the transform makes of the template.
"""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")

import boto3  # noqa: E402
import kinds  # noqa: E402
from moto import mock_aws  # noqa: E402
from samtranslator.public.translator import ManagedPolicyLoader  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

FOLDER = Path(__file__).parent.parent
KEY = "arn:aws:kms:us-east-1:123456789012:key/7"

# Every parameter takes each of its kinds of values once.
VARIANTS = {
    "as it is": {},
    "x86-64 in public": {"Architecture": "x86_64", "Api": "NONE", "MemoryMb": "128", "EventFlow": "orders"},
    "closed and encrypted": {
        "Api": "OFF",
        "KeyArn": KEY,
        "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
        "ReservedConcurrency": "10",
        "Dashboard": "false",
        "Backups": "false",
        "DeletionProtection": "false",
    },
}


def translated(name, parameters):
    """What the service makes of a template whose package was uploaded."""
    template = yaml_parse((FOLDER / name).read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": "stepwell.zip"}
    policies = ManagedPolicyLoader(boto3.client("iam"))
    return transform(template, dict(parameters, **{"AWS::Region": "us-east-1"}), policies)


def given(parameters):
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def wanted(template, parameters):
    """The names of the resources that those parameters ask for."""
    defaults = {key: str(value.get("Default", "")) for key, value in template["Parameters"].items()}
    asked = {**defaults, **parameters}
    conditions = {
        "HasApi": asked["Api"] != "OFF",
        "IsPublic": asked["Api"] == "NONE",
        "HasDashboard": asked["Dashboard"] == "true",
    }
    resources = template["Resources"].items()
    return sorted(name for name, resource in resources if conditions.get(resource.get("Condition"), True))


def upload():
    """A package, which nobody looks into."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("bootstrap", "")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="stepwell.zip", Body=content.getvalue())


def created(what, stack, template, parameters):
    """Creates a stack and compares what is there with what was asked for."""
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=json.dumps(template),
        Parameters=given(parameters),
        Capabilities=["CAPABILITY_IAM"],
    )
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    assert described["StackStatus"] == "CREATE_COMPLETE", described
    there = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    # A resource whose condition does not hold is listed without a name.
    names = sorted(resource["LogicalResourceId"] for resource in there if resource["LogicalResourceId"])
    assert names == wanted(template, parameters), names
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    print(f"{what}: {len(names)} resources, {len(outputs)} outputs")
    return outputs


def table(outputs, _asked):
    described = boto3.client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]
    keys = [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]]
    assert keys == [("p", "HASH"), ("s", "RANGE")], keys
    kinds = sorted((kind["AttributeName"], kind["AttributeType"]) for kind in described["AttributeDefinitions"])
    assert kinds == [("p", "B"), ("s", "B")], kinds


def queues(outputs, _asked):
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=outputs["WakesUrl"], AttributeNames=["All"])["Attributes"]
    assert found["VisibilityTimeout"] == "70", found
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 1000, found


def function(outputs, asked):
    found = boto3.client("lambda").get_function_configuration(FunctionName=outputs["FunctionName"])
    variables = sorted(found["Environment"]["Variables"])
    expected = ["BUCKET", "EVENT_FLOW", "QUEUE_ARN", "QUEUE_URL", "SCHEDULER_ROLE_ARN", "SCHEDULE_GROUP", "TABLE"]
    assert variables == [f"STEPWELL_{name}" for name in expected], variables
    # The processor is not looked at: moto makes every function of a template x86-64.
    facts = (found["Runtime"], found["Handler"], found["Timeout"], found["MemorySize"])
    assert facts == ("provided.al2023", "bootstrap", 60, int(asked.get("MemoryMb", 512))), facts


def schedules(outputs, _asked):
    scheduler = boto3.client("scheduler")
    names = [one["Name"] for one in scheduler.list_schedules()["Schedules"]]
    targets = [scheduler.get_schedule(Name=name)["Target"] for name in names]
    assert len(targets) == 2, names
    moving, renewing = sorted(targets, key=lambda target: target["Arn"].endswith("startMessageMoveTask"), reverse=True)
    queues_of = json.loads(moving["Input"])
    assert sorted(queues_of) == ["DestinationArn", "SourceArn"], queues_of
    assert json.loads(renewing["Input"])["execution"] == "~renew", renewing
    assert renewing["Arn"] == queues_of["DestinationArn"], renewing
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=outputs["WakesUrl"], AttributeNames=["QueueArn"])
    assert queues_of["DestinationArn"] == found["Attributes"]["QueueArn"], queues_of
    assert scheduler.get_schedule_group(Name=outputs["ScheduleGroup"])["State"] == "ACTIVE"


ALARMS = [
    "DeadLetterAlarm",
    "FailedAlarm",
    "FunctionErrorAlarm",
    "FunctionThrottleAlarm",
    "OldestWakeAlarm",
    "RefusedStartAlarm",
    "TableThrottleAlarm",
]


def alarms(_outputs, asked):
    found = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    # A name is the stack's, the alarm's in the template, and letters drawn by CloudFormation.
    names = sorted(alarm["AlarmName"].split("-")[1] for alarm in found)
    assert names == ALARMS, names
    topic = asked.get("AlarmTopicArn")
    actions = [alarm.get("AlarmActions", []) for alarm in found]
    assert actions == [[topic] if topic else []] * len(found), actions


def main():
    for what, parameters in VARIANTS.items():
        with mock_aws():
            upload()
            template = translated("template.yaml", parameters)
            outputs = created(what, "stepwell", template, parameters)
            for check in (table, queues, function, schedules, alarms):
                check(outputs, parameters)
            boto3.client("cloudformation").delete_stack(StackName="stepwell")
    return 0


if __name__ == "__main__":
    sys.exit(main())
