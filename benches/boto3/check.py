"""Makes the calls of `credential-health check` with boto3 in an efficient way: one shared session with loaded models, a thread
pool, and one STS client with a connection for each thread. There is one IAM client for each role's session. With readers there
is one for each account, which reads the roles with ListRoles.

    check.py ROLES.json CONCURRENCY [readers]
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

roles, concurrency, readers = json.load(open(sys.argv[1])), int(sys.argv[2]), sys.argv[3:] == ["readers"]
session = boto3.Session()
config = Config(max_pool_connections=concurrency, retries={"mode": "standard"})
sts = session.client("sts", config=config)
# The creation of clients is not thread-safe.
making = threading.Lock()


def iam(arn):
    given = sts.assume_role(RoleArn=arn, RoleSessionName="bench", DurationSeconds=900)["Credentials"]
    with making:
        return session.client(
            "iam",
            config=config,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def assume(arn):
    sts.assume_role(RoleArn=arn, RoleSessionName="bench", DurationSeconds=900)


def itself(arn):
    return [iam(arn).get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]]


def account(number):
    pages = iam(f"arn:aws:iam::{number}:role/reader").get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1000})
    return [role for page in pages for role in page["Roles"]]


sts.get_caller_identity()
with ThreadPoolExecutor(concurrency) as pool:
    if readers:
        described = list(pool.map(account, sorted({arn.split(":")[4] for arn in roles})))
        list(pool.map(assume, roles))
    else:
        described = list(pool.map(itself, roles))
longest = {role["Arn"]: role["MaxSessionDuration"] for answer in described for role in answer}
assert all(arn in longest for arn in roles)
