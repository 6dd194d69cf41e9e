#!/usr/bin/env python3
"""Writes CloudTrail logs of a made-up organization, and the sessions that are in them.

    tests/cloudtrail/generate.py [--seed N] [--records N] [--per-file N] [--forms all|logs] [--dense] FOLDER

FOLDER/logs gets at least N records, in CloudTrail's layout for organization trails; FOLDER/truth.json gets what
`credential-health sessions FOLDER/logs` should print, as the simulation knows it. The same seed writes the same files.
`--forms logs` writes only complete files in CloudTrail's own form: what Athena reads and the benchmarks use.
"""

import argparse
import collections
import gzip
import json
import os
import random
import zlib

START = 1_791_158_400  # 2026-10-05T00:00:00Z
MINUTE, HOUR, DAY = 60, 3600, 86_400
REGIONS = ["eu-west-1", "us-east-1"]
ISSUER = "token.actions.githubusercontent.com"
SERVICES = {
    "ec2.amazonaws.com": "ec2-instance",
    "ecs-tasks.amazonaws.com": "ecs-task",
    "lambda.amazonaws.com": "lambda",
    "codebuild.amazonaws.com": "codebuild",
    "pods.eks.amazonaws.com": "eks-pod-identity",
    "glue.amazonaws.com": "service",
    "rolesanywhere.amazonaws.com": "service",
}
CALLS = [
    ("s3.amazonaws.com", "ListBuckets"),
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("dynamodb.amazonaws.com", "DescribeTable"),
    ("secretsmanager.amazonaws.com", "GetSecretValue"),
    ("cloudformation.amazonaws.com", "DescribeStacks"),
    ("sts.amazonaws.com", "GetCallerIdentity"),
]


def iso(moment):
    days, rest = divmod(moment, DAY)
    year, month, day = civil(days)
    return f"{year:04}-{month:02}-{day:02}T{rest // HOUR:02}:{rest // MINUTE % 60:02}:{rest % 60:02}Z"


def civil(days):
    """Year, month and day of a number of days since 1970."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def american(moment, style):
    """An expiration as STS logs it: "Nov 29, 2018 4:31:59 AM", with a comma and a narrow no-break space since 2023."""
    days, rest = divmod(moment, DAY)
    year, month, day = civil(days)
    name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1]
    hour = rest // HOUR
    comma, space = {"old": ("", " "), "comma": (",", " "), "narrow": (",", "\u202f")}[style]
    clock = f"{hour % 12 or 12}:{rest // MINUTE % 60:02}:{rest % 60:02}{space}{'AM' if hour < 12 else 'PM'}"
    return f"{name} {day}, {year}{comma} {clock}"


class Session:
    """A session as the world knows it; `identity` is how its calls are logged."""

    def __init__(self, **known):
        self.operation = self.role = self.principal = self.name = self.service = self.parent = None
        self.expires_at = self.requested = self.renews = self.chained = None
        self.path, self.source, self.console = [], "unknown", False
        self.first = self.last = None
        self.calls = 0
        self.principal_id = None
        vars(self).update(known)

    def used(self, moment):
        self.calls += 1
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)

    def printed(self):
        return {
            "access_key_id": self.key,
            "operation": self.operation,
            "role": self.role,
            "principal": self.principal,
            "session_name": self.name,
            "source": self.source,
            "service": self.service,
            "parent": self.parent and self.parent.key,
            "path": self.path,
            "chained": self.chained,
            "issued_at": iso(self.issued_at),
            "expires_at": self.expires_at and iso(self.expires_at),
            "requested_seconds": self.requested,
            "granted_seconds": self.expires_at and self.expires_at - self.issued_at,
            "first_used": self.first and iso(self.first),
            "last_used": self.last and iso(self.last),
            "calls": self.calls,
            "renews": self.renews and self.renews.key,
            "console": self.console,
        }


class Files:
    """Collects records and writes them in CloudTrail's layout."""

    def __init__(self, folder, rng, per_file, forms):
        self.folder, self.rng, self.per_file, self.forms = folder, rng, per_file, forms
        self.buckets = collections.defaultdict(list)
        self.late = []
        self.files = self.records = 0
        self.first = self.last = None
        self.skipped = []

    def add(self, moment, account, region, text):
        place = account, region, moment // DAY
        bucket = self.buckets[place]
        bucket.append(text)
        self.records += 1
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)
        if self.rng.random() < 0.005:
            self.late.append((moment, account, region, text))
        if len(bucket) >= self.per_file:
            self.flush(place)

    def finish(self):
        # A log file can be delivered twice: the same record, with the same event id.
        late, self.late = self.late, []
        for each in late:
            self.add(*each)
        for place in sorted(self.buckets):
            if self.buckets[place]:
                self.flush(place)

    def flush(self, place):
        account, region, day = place
        texts, self.buckets[place] = self.buckets[place], []
        self.rng.shuffle(texts)
        year, month, date = civil(day)
        folder = f"{self.folder}/AWSLogs/o-exampleorg/{account}/CloudTrail/{region}/{year:04}/{month:02}/{date:02}"
        os.makedirs(folder, exist_ok=True)
        self.files += 1
        minute = self.rng.randrange(288) * 5
        name = f"{account}_CloudTrail_{region}_{year:04}{month:02}{date:02}T{minute // 60:02}{minute % 60:02}Z_{self.files:016x}"
        form = "log" if self.forms == "logs" else self.rng.choice(FORMS)
        self.write(form, f"{folder}/{name}", texts)

    def write(self, form, path, texts):
        log = '{"Records":[' + ",".join(texts) + "]}"
        if form == "log":
            save(f"{path}.json.gz", packed(log))
        elif form == "plain":
            save(f"{path}.json", log.encode())
        elif form == "list":
            save(f"{path}.json", ("[\n " + ",\n ".join(texts) + "\n]\n").encode())
        elif form == "lines":
            save(f"{path}.jsonl", ("\n".join(texts) + "\n").encode())
        elif form == "packed-lines":
            save(f"{path}.jsonl.gz", packed("\n".join(texts)))
        elif form == "lookup":
            events = [{"EventId": json.loads(each).get("eventID"), "CloudTrailEvent": each} for each in texts]
            save(f"{path}.json", json.dumps({"Events": events, "NextToken": None}, indent=4).encode())
        elif form == "no-trailer":
            save(f"{path}.json.gz", packed(log)[:-8])
            self.skipped.append(f"{path}.json.gz")
        elif form == "cut":
            # The lost half has records that nobody made.
            packer = zlib.compressobj(6, wbits=31)
            start = packer.compress(log[:-2].encode() + b",") + packer.flush(zlib.Z_FULL_FLUSH)
            save(f"{path}.json.gz", start + (packer.compress(texts[0].encode() * 3) + packer.flush())[:20])
            self.skipped.append(f"{path}.json.gz")
        elif form == "cut-plain":
            save(f"{path}.json", (log[:-2] + "," + texts[0][: len(texts[0]) // 2]).encode())
            self.skipped.append(f"{path}.json")
        elif form == "two-members":
            middle = len(log) // 2
            save(f"{path}.json.gz", packed(log[:middle]) + packed(log[middle:]))
        else:
            raise AssertionError(form)


FORMS = ["log"] * 6 + ["plain", "list", "lines", "packed-lines", "lookup", "no-trailer", "cut", "cut-plain", "two-members"]


def packed(text):
    return gzip.compress(text.encode(), 6, mtime=0)


def save(path, data):
    with open(path, "wb") as file:
        file.write(data)


class World:
    def __init__(self, rng, files, accounts):
        self.rng, self.files = rng, files
        self.accounts = [str(digit) * 12 for digit in range(1, 10)][:accounts]
        self.now = START
        self.counter = 0
        self.sessions, self.refused = [], []
        self.spent_keys = []

    # Made-up names

    def serial(self):
        self.counter += 1
        return self.counter

    def ident(self, prefix, length=16):
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        number, text = self.serial() * 7_368_787 + 1_234_567, ""
        while len(text) < length:
            number, place = divmod(number * 31 + 17, 32)
            text += letters[place]
            number = (number * 2_654_435_761 + self.counter) % (1 << 61)
        return prefix + text

    def uuid(self):
        text = f"{self.rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def address(self):
        return f"198.51.100.{self.rng.randrange(1, 255)}"

    def account(self):
        return self.rng.choice(self.accounts)

    def role(self, account, kind="app"):
        folder = self.rng.choice(["", "", "ci/", "team/blue/"])
        return f"arn:aws:iam::{account}:role/{folder}{kind}-{self.serial()}"

    def fixed_name(self):
        return self.rng.choice(["deploy", "etl", "GitHubActions", "backup", "terraform-prod", "job-2026", "a1234567890"]) + f"-{self.serial()}x"

    def made_up_name(self):
        return self.rng.choice(
            [
                f"botocore-session-{self.rng.randrange(10**9, 10**10)}",
                f"aws-sdk-java-{self.rng.randrange(10**12, 10**13)}",
                f"{self.rng.randrange(10**18, 10**19)}",
                f"worker-{self.uuid()}",
                self.uuid().upper(),
                f"run.{self.rng.randrange(10**10, 10**11)}@host",
            ]
        )

    def name(self):
        return self.rng.choice([self.fixed_name, self.made_up_name])()

    # Records

    def emit(self, moment, account, identity, source, name, request=None, response=None, error=None, message=None, ip=None, shared=None, console=False, more=None):
        rng = self.rng
        region = REGIONS[0] if rng.random() < 0.8 else REGIONS[1]
        event = self.uuid()
        text = (
            f'{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{iso(moment)}","eventSource":"{source}",'
            f'"eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"{ip or self.address()}",'
            f'"userAgent":"aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux md/arch#x86_64 lang/python#3.13.7 cfg/retry-mode#standard",'
        )
        if error:
            text += f'"errorCode":{json.dumps(error)},'
            text += f'"errorMessage":{json.dumps(message)},' if message else ""
        text += (
            f'"requestParameters":{json.dumps(request) if request is not None else "null"},'
            f'"responseElements":{json.dumps(response, ensure_ascii=rng.random() < 0.5) if response is not None else "null"},'
        )
        if more:
            text += f'"additionalEventData":{json.dumps(more)},'
        text += f'"requestID":"{self.uuid()}","eventID":"{event}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,'
        text += f'"recipientAccountId":"{account}",'
        if shared:
            text += f'"sharedEventID":"{shared}",'
        text += f'"eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source.replace(".", f".{region}.", 1)}"}}'
        text += ',"sessionCredentialFromConsole":"true"}' if console else "}"
        self.files.add(moment, account, region, text)

    def expiration(self, moment):
        style = self.rng.choice(["old", "comma", "narrow", "narrow", "iso"])
        return iso(moment) if style == "iso" else american(moment, style)

    # Identities

    def user(self, account):
        name = f"user-{self.serial()}"
        return {
            "type": "IAMUser",
            "principalId": self.ident("AIDA", 17),
            "arn": f"arn:aws:iam::{account}:user/{name}",
            "accountId": account,
            "accessKeyId": self.ident("AKIA"),
            "userName": name,
        }

    def session_identity(self, session, key=None, invoked_by=None, without_key=False):
        attributes = {"creationDate": iso(session.issued_at), "mfaAuthenticated": "false"}
        if session.role or ":assumed-role/" in (session.principal or ""):
            role = session.role
            identity = {"type": "AssumedRole", "principalId": session.principal_id, "arn": session.principal, "accountId": session.account}
            context = {
                "sessionIssuer": {"type": "Role", "principalId": session.principal_id.split(":")[0], "arn": role, "accountId": session.account, "userName": role.rsplit("/", 1)[1]},
                "webIdFederationData": {},
                "attributes": attributes,
            }
            if session.source == "ec2-instance" and not session.parent:
                context["ec2RoleDelivery"] = "2.0"
            if session.source == "web-identity" and not session.parent:
                context["webIdFederationData"] = {"federatedProvider": f"arn:aws:iam::{session.account}:oidc-provider/{ISSUER}", "attributes": {}}
        else:
            identity = dict(session.identity)
            context = {"attributes": attributes}
            if session.operation == "GetFederationToken" or identity["type"] == "FederatedUser":
                user = session.user
                context["sessionIssuer"] = {"type": "IAMUser", "principalId": user["principalId"], "arn": user["arn"], "accountId": user["accountId"], "userName": user["userName"]}
            if identity["type"] == "Root":
                context["assumedRoot"] = "true"
        if not without_key:
            identity["accessKeyId"] = key or session.key
        identity["sessionContext"] = context
        if invoked_by:
            identity["invokedBy"] = invoked_by
        return identity

    # Calls

    def use(self, session, moment, count_as_use=True, **how):
        source, name = self.rng.choice(CALLS)
        failed = self.rng.random() < 0.05 and source != "sts.amazonaws.com"
        console = how.pop("console", False)
        texts = session.__dict__.setdefault("texts", {})
        identity = texts.get(not how) if not how else json.dumps(self.session_identity(session, **how))
        if identity is None:
            identity = texts[True] = json.dumps(self.session_identity(session))
        self.emit(moment, session.account, identity, source, name, {"marker": self.rng.random()}, None, "AccessDenied" if failed else None, "not authorized" if failed else None, ip=session.ip, console=console)
        if count_as_use:
            session.used(moment)

    def keep_busy(self, session, start, end, step):
        """Uses from start to end, at most `step` apart, the last one at `end`."""
        moment = start
        while moment < end:
            self.use(session, moment)
            moment += self.rng.randrange(max(1, step // 2), step + 1)
        self.use(session, end)

    def key(self):
        # AWS gives key ids again after months; here after the session's end.
        if self.spent_keys and self.rng.random() < 0.05:
            moment, key = self.spent_keys[0]
            if moment < self.now:
                self.spent_keys.pop(0)
                return key
        return self.ident("ASIA")

    def issue(self, operation, moment, caller, account, role=None, name=None, duration=None, granted=None, ip=None, renews=None, service=None, federated=None, outside=False):
        """One successful STS call: its records, and the session that it issues. `caller` is a session or an identity."""
        rng = self.rng
        parent = caller if isinstance(caller, Session) else None
        granted = granted or duration or (43_200 if operation in ("GetSessionToken", "GetFederationToken") else 900 if operation == "AssumeRoot" else 3600)
        session = Session(operation=operation, key=self.key(), issued_at=moment, expires_at=moment + granted, requested=duration, role=role, name=name, parent=parent, renews=renews, ip=ip or self.address(), account=account)
        credentials = {"accessKeyId": session.key, "sessionToken": f"made-up-token-{self.serial()}", "expiration": self.expiration(moment + granted)}
        response = {"credentials": credentials}
        request = {"durationSeconds": duration} if duration else {}
        if operation.startswith("AssumeRole"):
            session.principal_id = f"{self.role_id(role)}:{name}"
            session.principal = f"arn:aws:sts::{account}:assumed-role/{role.rsplit('/', 1)[1]}/{name}"
            request |= {"roleArn": role, "roleSessionName": name}
            if not service:
                response["assumedRoleUser"] = {"assumedRoleId": session.principal_id, "arn": session.principal}
        elif operation == "GetFederationToken":
            session.principal_id = f"{account}:{name}"
            session.principal = f"arn:aws:sts::{account}:federated-user/{name}"
            session.user = caller
            session.identity = {"type": "FederatedUser", "principalId": session.principal_id, "arn": session.principal, "accountId": account}
            request["name"] = name
            response["federatedUser"] = {"federatedUserId": session.principal_id, "arn": session.principal}
        elif operation == "GetSessionToken":
            session.principal, session.principal_id = caller["arn"], caller["principalId"]
            session.identity = {each: value for each, value in caller.items() if each != "accessKeyId"}
        else:
            target = f"arn:aws:iam::{account}:root"
            session.principal, session.principal_id = target, account
            session.identity = {"type": "Root", "principalId": account, "arn": target, "accountId": account}
            request |= {"targetPrincipal": rng.choice([account, target]), "taskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}}
        self.place(session, operation, caller, parent, service, outside)
        identity = self.session_identity(caller) if parent else caller
        shared = self.uuid() if (parent and parent.account != account) or service or rng.random() < 0.1 else None
        caller_account = parent.account if parent else identity.get("accountId", account)
        address = service or session.ip
        console = bool(parent and parent.console)
        if outside:
            identity = {"type": "AWSAccount", "principalId": outside, "accountId": outside_account(outside)}
            self.emit(moment, account, json.dumps(identity), "sts.amazonaws.com", operation, request, response, ip=address, shared=shared)
        else:
            self.emit(moment, caller_account, json.dumps(identity), "sts.amazonaws.com", operation, request, response, ip=address, shared=shared, console=console)
            if shared and caller_account != account:
                # The account of the role gets a copy that knows less of the caller.
                short = {"type": "AWSAccount", "principalId": identity["principalId"], "accountId": caller_account}
                self.emit(moment, account, json.dumps(short), "sts.amazonaws.com", operation, request, response, ip=address, shared=shared)
        if parent:
            parent.used(moment)
        self.sessions.append(session)
        if rng.random() < 0.3:
            self.spent_keys.append((session.expires_at + 60 * DAY, session.key))
        return session

    def role_id(self, role):
        return "AROA" + f"{zlib.crc32(role.encode()):017d}"

    def place(self, session, operation, caller, parent, service, outside):
        """The path that the session stands on."""
        own = [session.role] if session.role else []
        session.path = own
        if parent:
            session.chained, session.source, session.service = True, parent.source, parent.service
            session.path = parent.path + own
        elif outside:
            session.chained, session.source = None, "unknown"
        elif service:
            session.chained, session.source, session.service = False, SERVICES[service], service
        else:
            session.chained = False
            session.source = {"IAMUser": "iam-user", "WebIdentityUser": "web-identity", "SAMLUser": "saml"}[caller["type"]]
            if operation == "GetSessionToken":
                session.source, session.path = "session-token", []
            if operation == "GetFederationToken":
                session.source, session.path = "federation-token", []
            if session.role and session.role.rsplit("/", 1)[1].startswith("AWSReservedSSO_"):
                session.source = "identity-center"

    # What runs in the organization

    def run(self, take, length, lease, step=5 * MINUTE, dies=False):
        """A job: takes a session, uses it, and takes it again before its end. Returns the sessions."""
        taken, moment, end = [], self.now, self.now + length
        while True:
            session = take(moment, taken[-1] if taken else None)
            taken.append(session)
            last = min(end, session.expires_at - self.rng.randrange(1, 5 * MINUTE) if dies else session.expires_at - self.rng.randrange(6 * MINUTE, 14 * MINUTE))
            last = max(last, moment + 1)
            self.keep_busy(session, moment + self.rng.randrange(0, 30), last, step)
            if last >= end or dies:
                return taken
            moment = last + self.rng.randrange(-30, 60)

    def hops(self, session, name=None):
        """Roles assumed with a session, one after the other, all used until the first one's last use."""
        for _ in range(self.rng.randrange(0, 3)):
            account = self.account()
            role = self.role(account, "hop")
            until = min(session.last, session.issued_at + 55 * MINUTE)
            moment = min(session.issued_at + self.rng.randrange(1, 60), until)
            session = self.issue("AssumeRole", moment, session, account, role, name or self.name(), self.rng.choice([None, 900, 3600]), ip=session.ip)
            self.keep_busy(session, moment, min(until + 60, session.expires_at), 10 * MINUTE)

    def of_a_user(self):
        account = self.account()
        user, target = self.user(account), self.account()
        role, name, ip = self.role(target), self.name(), self.address()
        duration = self.rng.choice([None, 900, 3600, 7200, 43_200])
        runs = self.rng.randrange(1, 3)
        previous = None
        for _ in range(runs):
            # The same process's name is the same run, whatever time passed. A fixed name begins a run of its own.
            made_up = name_is_made_up(name)
            taken = self.run(
                lambda moment, before: self.issue("AssumeRole", moment, user, target, role, name, duration, ip=ip, renews=before or (previous if made_up else None)),
                self.rng.randrange(10 * MINUTE, 5 * HOUR), duration or 3600, dies=self.rng.random() < 0.3,
            )  # fmt: skip
            previous = taken[-1]
            self.now = max(previous.last, previous.expires_at) + self.rng.randrange(20 * MINUTE, 3 * HOUR)
        self.hops(previous)

    def of_web_identity(self):
        account = self.account()
        role, name, ip = self.role(account, "ci"), self.name(), self.address()
        subject = f"repo:example/app-{self.serial()}:ref:refs/heads/main"
        identity = {"type": "WebIdentityUser", "principalId": f"arn:aws:iam::{account}:oidc-provider/{ISSUER}:sts.amazonaws.com:{subject}", "identityProvider": f"arn:aws:iam::{account}:oidc-provider/{ISSUER}"}
        if self.rng.random() < 0.8:
            identity["userName"] = subject
        duration = self.rng.choice([None, 3600, 21_600])
        for session in self.run(lambda moment, before: self.issue("AssumeRoleWithWebIdentity", moment, identity, account, role, name, duration, ip=ip, renews=before), self.rng.randrange(5 * MINUTE, 8 * HOUR), duration or 3600):
            self.hops(session)

    def of_saml(self):
        account = self.account()
        center = self.rng.random() < 0.5
        role = f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_{self.serial():016x}" if center else self.role(account, "saml")
        person = f"person-{self.serial()}@example.com"
        identity = {"type": "SAMLUser", "principalId": f"{self.serial():x}abcdef=:{person}", "userName": person, "identityProvider": f"{self.serial():x}abcdef="}
        session = self.issue("AssumeRoleWithSAML", self.now, identity, account, role, person, self.rng.choice([None, 3600, 28_800]))
        in_console = self.rng.random() < 0.5
        for _ in range(self.rng.randrange(2, 30)):
            moment = self.rng.randrange(session.issued_at, session.expires_at)
            if in_console:
                session.console = True
                self.use(session, moment, key=self.ident("ASIA"), console=True)
            else:
                self.use(session, moment)
        self.hops(session)

    def of_a_service(self):
        service = self.rng.choice(list(SERVICES))
        account = self.account()
        role = self.role(account, service.split(".")[0])
        short = SERVICES[service]
        name = {
            "ec2-instance": f"i-0{self.serial():016x}",
            "ecs-task": f"{self.rng.getrandbits(128):032x}",
            "lambda": f"function-{self.serial()}",
            "codebuild": f"AWSCodeBuild-{self.uuid()}",
            "eks-pod-identity": f"eks-cluster-pod-{self.serial()}",
            "service": self.rng.choice([f"GlueJobRunnerSession-{self.serial()}", f"{self.rng.randrange(10**15, 10**16)}"]),
        }[short]
        granted = {"ec2-instance": 23_700, "ecs-task": 21_600, "lambda": 43_200, "codebuild": 3600, "eks-pod-identity": 21_600, "service": 3600}[short]
        identity = {"type": "AWSService", "invokedBy": service}
        follows = short in ("ecs-task", "codebuild", "eks-pod-identity")
        before = None
        moment = self.now
        for _ in range(self.rng.randrange(1, 5)):
            session = self.issue("AssumeRole", moment, identity, account, role, name, None, granted, renews=before if follows else None, service=service)
            self.keep_busy(session, moment + 1, moment + granted // 4, granted // 8)
            before = session
            moment += granted // 4 + self.rng.randrange(0, granted)
        self.hops(before)

    def of_session_token(self):
        account = self.account()
        user = self.user(account)
        first = self.issue("GetSessionToken", self.now, user, account, duration=self.rng.choice([None, 900, 129_600]))
        self.keep_busy(first, self.now, self.now + 10 * MINUTE, MINUTE)
        self.hops(first)

    def of_federation_token(self):
        account = self.account()
        session = self.issue("GetFederationToken", self.now, self.user(account), account, name=f"fed{self.serial()}", duration=self.rng.choice([None, 3600]))
        self.keep_busy(session, self.now, self.now + 30 * MINUTE, 5 * MINUTE)

    def of_a_root_task(self):
        account = self.accounts[0]
        user, role, name = self.user(account), self.role(account, "rooter"), self.name()
        hub = self.issue("AssumeRole", self.now, user, account, role, name)
        root = self.issue("AssumeRoot", self.now + 60, hub, self.account(), duration=self.rng.choice([None, 900]))
        self.keep_busy(root, self.now + 70, self.now + 600, 100)

    def of_somebody_outside(self):
        account = self.account()
        role, name, ip = self.role(account, "vendor"), self.name(), self.address()
        outside = f"{self.ident('AROA', 17)}:vendor" if self.rng.random() < 0.5 else self.ident("AIDA", 17)
        self.run(lambda moment, before: self.issue("AssumeRole", moment, {"accountId": account}, account, role, name, 3600, ip=ip, renews=before, outside=outside), self.rng.randrange(5 * MINUTE, 4 * HOUR), 3600)

    def without_an_issue(self):
        account = self.account()
        kind = self.rng.choice(["role", "ec2-instance", "web-identity", "identity-center", "session-token", "federation-token"])
        session = Session(key=self.ident("ASIA"), issued_at=self.now - self.rng.randrange(HOUR), source="unknown" if kind == "role" else kind, ip=self.address(), account=account)
        if kind == "session-token":
            user = self.user(account)
            session.identity = {each: value for each, value in user.items() if each != "accessKeyId"}
            session.principal = user["arn"]
        elif kind == "federation-token":
            session.user = self.user(account)
            session.name = f"old{self.serial()}"
            session.principal = f"arn:aws:sts::{account}:federated-user/{session.name}"
            session.identity = {"type": "FederatedUser", "principalId": f"{account}:{session.name}", "arn": session.principal, "accountId": account}
        else:
            session.role = f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Read_{self.serial():016x}" if kind == "identity-center" else self.role(account, "old")
            session.name = self.name()
            session.principal_id = f"{self.role_id(session.role)}:{session.name}"
            session.principal = f"arn:aws:sts::{account}:assumed-role/{session.role.rsplit('/', 1)[1]}/{session.name}"
            session.path = [session.role]
        self.sessions.append(session)
        console = self.rng.random() < 0.5
        self.use(session, self.now, console=console)
        session.console |= console
        for _ in range(self.rng.randrange(0, 20)):
            # The console uses many keys in one session, and services call on its behalf.
            moment = self.now + self.rng.randrange(1, HOUR)
            how = self.rng.choice([{}, {"key": self.ident("ASIA")}, {"without_key": True, "invoked_by": "cloudformation.amazonaws.com"}, {"key": self.ident("ASIA"), "invoked_by": "AWS Internal"}])
            self.use(session, moment, **how)
        if kind not in ("federation-token",):
            self.hops(session)

    def on_behalf_only(self):
        """Calls of services on behalf of a user: they open no session."""
        account = self.account()
        user = self.user(account)
        session = Session(key=self.ident("ASIA"), issued_at=self.now, ip="AWS Internal", account=account, principal=user["arn"])
        session.identity = {each: value for each, value in user.items() if each != "accessKeyId"}
        for _ in range(self.rng.randrange(1, 4)):
            self.use(session, self.now + self.rng.randrange(60), count_as_use=False, key=self.ident("ASIA"), invoked_by="secretsmanager.amazonaws.com")

    def service_linked(self):
        """Sessions of service-linked roles are left out."""
        account = self.account()
        role = f"arn:aws:iam::{account}:role/aws-service-role/inspector2.amazonaws.com/AWSServiceRoleForAmazonInspector2"
        session = self.issue("AssumeRole", self.now, {"type": "AWSService", "invokedBy": "rolesanywhere.amazonaws.com"}, account, role, f"inspector-{self.serial()}", service="rolesanywhere.amazonaws.com")
        self.use(session, self.now + 5, without_key=True, invoked_by="inspector2.amazonaws.com")
        self.sessions.remove(session)

    def refusals(self):
        rng, account = self.rng, self.account()
        user = self.user(account)
        role = self.role(account, "refused")
        arn = user["arn"]
        code, message, kind, request = rng.choice(
            [
                ("ValidationException", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", "duration-above-max-session", True),
                ("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.", "duration-above-chain-cap", True),
                ("ValidationError", "1 validation error detected: Value '600' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", "duration-out-of-range", True),
                ("ValidationError", "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200", "duration-out-of-range", True),
                ("AccessDenied", f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role}", "denied", False),
                ("AccessDenied", f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role} because no identity-based policy allows the sts:AssumeRole action", "denied", False),
                ("AccessDenied", f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role} with an explicit deny in a service control policy", "denied", False),
                ("ExpiredTokenException", "Token expired: current date/time 1753382758 must be before the expiration date/time 1753089571", "expired", True),
                ("ExpiredToken", "The security token included in the request is expired", "expired", True),
                ("PackedPolicyTooLargeException", "Packed size of session tags consumes 112% of allotted space.", "other", True),
                ("ValidationError", "The source identity is already set for this assume role session", "other", True),
                ("MalformedInput", None, "other", True),
            ]
        )
        identity, caller, known = user, arn, role
        style = rng.choice(["user", "session", "web", "outside"])
        if style == "session":
            hub = self.role(account, "hub")
            session = self.issue("AssumeRole", self.now, user, account, hub, self.name())
            identity, caller = self.session_identity(session), session.principal
            session.used(self.now + 7)
        elif style == "web":
            identity = {"type": "WebIdentityUser", "principalId": "provider:aud:sub", "userName": f"sub-{self.serial()}"}
            caller = identity["userName"]
        elif style == "outside":
            identity = {"type": "AWSAccount", "principalId": self.ident("AIDA", 17), "accountId": "999999999999"}
            caller = identity["principalId"]
        request = {"roleArn": role, "roleSessionName": "refused", "durationSeconds": 43_201} if request else None
        shared = self.uuid() if identity.get("arn") and rng.random() < 0.5 else None
        self.emit(self.now + 7, account, json.dumps(identity), "sts.amazonaws.com", "AssumeRole", request, None, code, message, shared=shared)
        if shared:
            short = {"type": "AWSAccount", "principalId": identity["principalId"], "accountId": account}
            self.emit(self.now + 7, self.account(), json.dumps(short), "sts.amazonaws.com", "AssumeRole", None, None, code, message, shared=shared)
        self.refused.append({"at": iso(self.now + 7), "operation": "AssumeRole", "role": known, "caller": caller, "error_code": code, "error_message": message, "kind": kind})

    def noise(self, count):
        """Records that belong to no session."""
        account = self.account()
        user = json.dumps(self.user(account))
        service = json.dumps({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"})
        nobody = json.dumps({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"})
        for _ in range(count):
            moment = self.now + self.rng.randrange(DAY)
            source, name = self.rng.choice(CALLS)
            self.emit(moment, account, self.rng.choice([user, user, service, nobody]), source, name, {"bucketName": "example", "prefix": "a/b"}, None)


def name_is_made_up(name):
    """The names that `made_up_name` gives. A fixed name ends with `x`."""
    return not name.endswith("x")


def outside_account(principal):
    return "999999999999"


def digests(folder):
    """Files beside the logs that hold no records of calls."""
    for kind in ("CloudTrail-Digest", "CloudTrail-Insight"):
        place = f"{folder}/AWSLogs/o-exampleorg/111111111111/{kind}/eu-west-1/2026/10/05"
        os.makedirs(place, exist_ok=True)
        save(f"{place}/111111111111_{kind}_eu-west-1_example_20261005T000000Z.json.gz", packed('{"Records":[{"eventTime":"2001-01-01T00:00:00Z"}]}'))
    save(f"{folder}/README.txt", b"not a log")


def generate(folder, seed=0, records=2000, per_file=500, forms="all", accounts=3, dense=False):
    rng = random.Random(seed)
    logs = f"{folder}/logs"
    os.makedirs(logs, exist_ok=True)
    if forms == "all":
        digests(logs)
    files = Files(logs, rng, per_file, forms)
    world = World(rng, files, accounts)
    kinds = [world.of_a_user, world.of_web_identity, world.of_saml, world.of_a_service, world.of_session_token, world.of_federation_token, world.of_a_root_task, world.of_somebody_outside, world.without_an_issue, world.on_behalf_only, world.service_linked, world.refusals]  # fmt: skip
    day = START
    # Gaps of months, after which key ids come back.
    of_a_day = 50_000 if dense else 1000
    while files.records < records:
        filled = files.records
        while files.records < records and files.records - filled < of_a_day:
            world.now = day + rng.randrange(DAY)
            rng.choice(kinds)()
            world.noise(int(rng.expovariate(1 / 20)))
        day += DAY if dense else rng.choice([DAY, DAY, DAY, 100 * DAY])
    files.finish()
    sessions = sorted(world.sessions, key=lambda each: (each.issued_at, each.key))
    truth = {
        "schema_version": 1,
        "window": {"from": iso(files.first), "to": iso(files.last)},
        "files": files.files,
        "records": files.records,
        "skipped": sorted(files.skipped),
        "sessions": [each.printed() for each in sessions],
        "refused": world.refused,
    }
    with open(f"{folder}/truth.json", "w") as file:
        json.dump(truth, file, indent=1)
    return truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--per-file", type=int, default=500)
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--dense", action="store_true", help="50,000 records a day, and no gaps of months")
    parser.add_argument("--forms", choices=["all", "logs"], default="all")
    parser.add_argument("folder", metavar="FOLDER")
    options = parser.parse_args()
    truth = generate(options.folder, options.seed, options.records, options.per_file, options.forms, options.accounts, options.dense)
    print(f"{truth['files']} files, {truth['records']} records, {len(truth['sessions'])} sessions, {len(truth['refused'])} refused calls")


if __name__ == "__main__":
    main()
