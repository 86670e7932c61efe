"""The kinds of resources that moto's CloudFormation does not know, made through the services' own requests.

Each request is checked against the service's model, so a property that is not there or of another type is found.
"""

import json

import boto3
from moto.core.common_models import CloudFormationModel


def bucket_policy(_name, properties):
    boto3.client("s3").put_bucket_policy(
        Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
    )


def queue_policy(_name, properties):
    policy = {"Policy": json.dumps(properties["PolicyDocument"])}
    for queue in properties["Queues"]:
        boto3.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=policy)


def schedule_group(name, properties):
    return boto3.client("scheduler").create_schedule_group(Name=name, **properties)["ScheduleGroupArn"]


def schedule(name, properties):
    assert json.loads(properties["Target"]["Input"]), properties
    window = properties["FlexibleTimeWindow"]
    window = {**window, "MaximumWindowInMinutes": int(window["MaximumWindowInMinutes"])}
    boto3.client("scheduler").create_schedule(**{**properties, "Name": name, "FlexibleTimeWindow": window})


def url(_name, properties):
    request = {"FunctionName": properties["TargetFunctionArn"], "AuthType": properties["AuthType"]}
    return boto3.client("lambda").create_function_url_config(**request)["FunctionUrl"]


def metric_filter(name, properties):
    lower = [{key[0].lower() + key[1:]: value for key, value in one.items()} for one in properties["MetricTransformations"]]
    boto3.client("logs").put_metric_filter(
        filterName=name,
        logGroupName=properties["LogGroupName"],
        filterPattern=properties["FilterPattern"],
        metricTransformations=lower,
    )


def alarm(name, properties):
    request = {key: value for key, value in properties.items() if value is not None}
    boto3.client("cloudwatch").put_metric_alarm(**{**request, "AlarmName": name, "Threshold": float(request["Threshold"])})


def invoke_config(_name, properties):
    request = {key: value for key, value in properties.items() if key not in ("FunctionName", "Qualifier")}
    boto3.client("lambda").put_function_event_invoke_config(FunctionName=properties["FunctionName"], **request)


MAKE = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::Lambda::EventInvokeConfig": invoke_config,
    "AWS::Lambda::Url": url,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::Scheduler::ScheduleGroup": schedule_group,
}


def model(kind, make):
    """A kind as moto wants it: its list of kinds is made at its first request, of all that are there then."""

    class Model(CloudFormationModel):
        # Moto asks for the second word.
        __module__ = "infra.kinds"

        def __init__(self, name, attribute):
            self.physical_resource_id = name
            self.attribute = attribute or name

        @staticmethod
        def cloudformation_name_type():
            return ""

        @staticmethod
        def cloudformation_type():
            return kind

        @classmethod
        def has_cfn_attr(cls, attr):
            return bool(attr)

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, *_place, **_about):
            return cls(resource_name, make(resource_name, cloudformation_json["Properties"]))

        @classmethod
        def delete_from_cloudformation_json(cls, *_what):
            return None

        def get_cfn_attribute(self, _attribute):
            return self.attribute

        def is_created(self):
            return True

    return Model


KNOWN = [model(kind, make) for kind, make in MAKE.items()]
