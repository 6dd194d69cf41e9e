"""Small logs whose records collide: keys, names, addresses and times are drawn from few values, most of them at a limit
of a rule. Keys come back, copies know less, two issues share a second, uses are in the last second of a session."""


import json
import random

import generate

BASE = generate.START
MINUTE = 60
# Distances from an issue at which a rule changes its answer.
EDGES = [0, 0, 0, 1, 2, 59, 60, 61, 599, 840, 899, 900, 901, 960, 961, 1799, 1800, 1801, 3599, 3600, 3601, 4499, 4500, 4501, 7200, 43_200]
LENGTHS = [900, 900, 3600, 3600, 1800, 43_200]
ROLES = [
    "arn:aws:iam::111111111111:role/app",
    "arn:aws:iam::111111111111:role/ci/build",
    "arn:aws:iam::222222222222:role/hub",
    "arn:aws-us-gov:iam::222222222222:role/team/blue/hub",
    "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
    "arn:aws:iam::222222222222:role/aws-service-role/inspector2.amazonaws.com/AWSServiceRoleForInspector",
]
NAMES = [
    "deploy",
    "deploy",
    "botocore-session-1764500000",
    "123456789",
    "123456789012",
    "app-123456789012",
    "1234567890123",
    "a1234567890",
    "1234567890a",
    "1234567890_x",
    "run.1234567890.7",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "x3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "w-3FA85F64-5717-4562-B3FC-2C963F66AFA6-1",
    "1234567890@1234567890123",
    "123456789012-1234567890",
]
ADDRESSES = ["198.51.100.1", "198.51.100.1", "198.51.100.2"]
SERVICES = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "codebuild.amazonaws.com", "pods.eks.amazonaws.com", "glue.amazonaws.com", "ec2.amazonaws.com.cn", "ecs.amazonaws.com"]
KEYS = [f"ASIA{'ABCDEF'[each] * 16}" for each in range(5)]
LONG_TERM = "AKIAEXAMPLEEXAMPLE22"
USER = {"type": "IAMUser", "principalId": "AIDAEXAMPLE1", "arn": "arn:aws:iam::111111111111:user/ada", "accountId": "111111111111", "userName": "ada"}
MESSAGES = [
    ("AccessDenied", "User: arn:aws:iam::111111111111:user/ada is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/team/blue/hub"),
    ("AccessDenied", "User: arn:aws:sts::111111111111:assumed-role/app/deploy is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/hub because no role trust policy allows the sts:AssumeRole action"),
    ("AccessDenied", "User: arn:aws:iam::111111111111:user/ada is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::111111111111:federated-user/bob"),
    ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."),
    ("AccessDenied", None),
    ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ("ValidationException", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."),
    ("ValidationError", "1 validation error detected: Value '600' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"),
    ("ValidationError", "2 validation errors detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"),
    ("ValidationError", "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"),
    ("ExpiredTokenException", "Token expired: current date/time 1753382758 must be before the expiration date/time 1753089571"),
    ("ExpiredToken", "The security token included in the request is expired"),
    ("RequestExpired", "Request has expired."),
    ("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com"),
    ("MalformedInput", None),
    ("RegionDisabledException", "STS is not activated in this region for account:222222222222. Your account administrator can activate STS in this region using the IAM Console."),
]


class Log:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.records, self.issues = [], []
        self.number = 0
        few = self.rng.random() < 0.5
        self.roles = self.rng.sample(ROLES, 2) if few else ROLES
        self.names = self.rng.sample(NAMES, 2) if few else NAMES
        self.keys = KEYS[: self.rng.choice([2, 3, 5])]

    def event(self):
        self.number += 1
        return f"{self.number:08x}-0000-4000-8000-000000000000"

    def moment(self):
        """A time near an issue, or near its end."""
        if self.issues and self.rng.random() < 0.9:
            issue = self.rng.choice(self.issues)
            start = issue["at"] + self.rng.choice([0, 0, issue["length"], issue["length"] + 900])
            return start + self.rng.choice([1, 1, 1, -1]) * self.rng.choice(EDGES)
        return BASE + self.rng.choice(EDGES)

    def creation(self):
        return generate.iso(self.rng.choice(self.issues)["at"] if self.issues and self.rng.random() < 0.8 else BASE + self.rng.choice([0, 0, 1, 60]))

    def role_identity(self, issue=None):
        role = issue["role"] if issue and issue["role"] else self.rng.choice(self.roles)
        name = issue["name"] if issue and issue["name"] else self.rng.choice(self.names)
        number = ROLES.index(role)
        account = role.split(":")[4]
        partition = role.split(":")[1]
        identity = {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{number}:{name}",
            "arn": f"arn:{partition}:sts::{account}:assumed-role/{role.rsplit('/', 1)[1]}/{name}",
            "accountId": account,
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": f"AROAEXAMPLE{number}", "arn": role, "accountId": account, "userName": role.rsplit("/", 1)[1]}},
        }
        # The same for every record of one principal.
        if number == 1:
            identity["sessionContext"]["ec2RoleDelivery"] = "1.0"
        if number == 0 and name == "deploy":
            identity["sessionContext"]["webIdFederationData"] = {"federatedProvider": "arn:aws:iam::111111111111:oidc-provider/example.com", "attributes": {}}
        elif number < 4:
            identity["sessionContext"]["webIdFederationData"] = self.rng.choice([{}, {"federatedProvider": ""}])
        return identity

    def caller(self):
        """A userIdentity: of an issue that was made, or of another one."""
        rng = self.rng
        issue = rng.choice(self.issues) if self.issues and rng.random() < 0.7 else None
        kind = rng.choice(["role"] * 6 + ["user", "user", "temporary", "federated", "root", "service", "web", "saml", "account"])
        key = issue["key"] if issue and rng.random() < 0.7 else rng.choice(self.keys)
        if kind == "role":
            identity = self.role_identity(issue)
        elif kind == "user":
            identity = dict(USER, accessKeyId=LONG_TERM)
            if rng.random() < 0.3:
                identity["sessionContext"] = rng.choice([{}, {"attributes": {}}, {"sessionIssuer": {}, "webIdFederationData": {}}])
            return identity
        elif kind == "temporary":
            identity = dict(USER, sessionContext={})
        elif kind == "federated":
            name = rng.choice(["bob", "eve"])
            identity = {"type": "FederatedUser", "principalId": f"111111111111:{name}", "arn": f"arn:aws:sts::111111111111:federated-user/{name}", "accountId": "111111111111"}
            identity["sessionContext"] = {"sessionIssuer": {"type": "IAMUser", "principalId": "AIDAEXAMPLE1", "arn": USER["arn"], "accountId": "111111111111", "userName": "ada"}}
        elif kind == "root":
            identity = {"type": "Root", "principalId": "222222222222", "arn": "arn:aws:iam::222222222222:root", "accountId": "222222222222", "sessionContext": {}}
        elif kind == "service":
            return {"type": "AWSService", "invokedBy": rng.choice(SERVICES)}
        elif kind == "web":
            identity = {"type": "WebIdentityUser", "principalId": "provider:aud:sub", "identityProvider": "provider"}
            return identity | rng.choice([{}, {"userName": "sub-a"}, {"userName": "sub-b"}])
        elif kind == "saml":
            return {"type": "SAMLUser", "principalId": rng.choice(["idp:ada", "idp:bob"]), "identityProvider": "idp"} | rng.choice([{}, {"userName": "ada"}])
        else:
            return {"type": "AWSAccount", "principalId": rng.choice(["AIDAOUTSIDE", "AROAOUTSIDE:x"]), "accountId": "999999999999"}
        if rng.random() < 0.9:
            identity["sessionContext"]["attributes"] = {"creationDate": generate.iso(issue["at"]) if issue and rng.random() < 0.7 else self.creation(), "mfaAuthenticated": "false"}
        if rng.random() < 0.85:
            identity["accessKeyId"] = key
        if rng.random() < 0.15:
            identity["invokedBy"] = rng.choice(["AWS Internal", "cloudformation.amazonaws.com"])
        if rng.random() < 0.05:
            del identity["principalId"]
        return identity

    def record(self, moment, identity, source, name, **more):
        record = {"eventVersion": "1.11", "userIdentity": identity, "eventTime": generate.iso(moment), "eventSource": source, "eventName": name, "awsRegion": "eu-west-1"}
        if self.rng.random() < 0.95:
            record["sourceIPAddress"] = self.rng.choice(ADDRESSES)
        if self.rng.random() < 0.95:
            record["eventID"] = self.event()
        if self.rng.random() < 0.1:
            record["sharedEventID"] = self.event()
        if self.rng.random() < 0.05:
            record["sessionCredentialFromConsole"] = "true"
        record |= {"requestParameters": None, "responseElements": None} | more
        self.records.append(record)
        return record

    def renewals(self):
        """Sessions that one caller took of one role under one name, some of them renewals."""
        rng = self.rng
        caller = rng.choice([lambda: dict(USER, accessKeyId=LONG_TERM), lambda: {"type": "WebIdentityUser", "principalId": "provider:aud:sub"}, lambda: {"type": "AWSService", "invokedBy": rng.choice(SERVICES)}, lambda: {"type": "AWSAccount", "principalId": "AIDAOUTSIDE", "accountId": "999999999999"}, self.caller])()
        role, name, address = rng.choice(self.roles), rng.choice(self.names), rng.choice(ADDRESSES)
        if caller["type"] == "AWSService" and "AWSReservedSSO_" in role:
            return  # which no service does
        as_logged = self.role_identity({"role": role, "name": name})
        moment = self.moment()
        for _ in range(rng.randrange(2, 6)):
            self.number += 1
            key, length = f"ASIAFAMILY{self.number:010}", rng.choice([900, 900, 3600])
            response = {"credentials": {"accessKeyId": key, "expiration": self.expiration(moment + length)}}
            if caller["type"] != "AWSService":
                response["assumedRoleUser"] = {"assumedRoleId": as_logged["principalId"], "arn": as_logged["arn"]}
            record = self.record(moment, caller, "sts.amazonaws.com", "AssumeRole", requestParameters={"roleArn": role, "roleSessionName": name}, responseElements=response)
            record["sourceIPAddress"] = address if rng.random() < 0.9 else rng.choice(ADDRESSES)
            self.issues.append({"key": key, "at": moment, "length": length, "role": role, "name": name})
            again = moment + rng.choice([0, 1, 600, length - 60, length, length + 899, length + 900, length + 901, length + 5000])
            for _ in range(rng.randrange(1, 3)):
                last = again + rng.choice([-901, -900, -899, -60, 0, 59, 60, 61, 120])
                identity = dict(self.role_identity({"role": role, "name": name}), accessKeyId=key)
                if last >= moment:
                    self.record(last, identity, "s3.amazonaws.com", "ListBuckets")
            moment = again

    def issue(self):
        rng = self.rng
        operation = rng.choice(["AssumeRole"] * 6 + ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken", "AssumeRoot"])
        identity = self.caller()
        if operation == "AssumeRoleWithWebIdentity":
            identity = {"type": "WebIdentityUser", "principalId": "provider:aud:sub"} | rng.choice([{}, {"userName": "sub-a"}, {"userName": "sub-b"}])
        elif operation == "AssumeRoleWithSAML":
            identity = {"type": "SAMLUser", "principalId": rng.choice(["idp:ada", "idp:bob"])} | rng.choice([{}, {"userName": "ada"}])
        elif operation in ("GetSessionToken", "GetFederationToken"):
            identity = dict(USER, accessKeyId=LONG_TERM)
        moment, length, key = self.moment(), rng.choice(LENGTHS), rng.choice(self.keys)
        if any(each["key"] == key and each["at"] == moment for each in self.issues) or identity.get("accessKeyId") == key:
            return
        issue = {"key": key, "at": moment, "length": length, "role": None, "name": None}
        request, response = {}, {"credentials": {"accessKeyId": key, "expiration": self.expiration(moment + length)}}
        if rng.random() < 0.6:
            request["durationSeconds"] = rng.choice([length, str(length)])
        if operation.startswith("AssumeRole"):
            issue["role"], issue["name"] = rng.choice(self.roles), rng.choice(self.names)
            as_logged = self.role_identity(issue)
            request |= {"roleArn": issue["role"], "roleSessionName": issue["name"]}
            if identity["type"] != "AWSService" or rng.random() < 0.1:
                response["assumedRoleUser"] = {"assumedRoleId": as_logged["principalId"], "arn": as_logged["arn"]}
            if rng.random() < 0.05:
                del request["roleSessionName"]
        elif operation == "GetFederationToken":
            name = rng.choice(["bob", "eve"])
            request["name"] = name
            response["federatedUser"] = {"federatedUserId": f"111111111111:{name}", "arn": f"arn:aws:sts::111111111111:federated-user/{name}"}
        elif operation == "AssumeRoot":
            request["targetPrincipal"] = rng.choice(["222222222222", "arn:aws:iam::222222222222:root"])
        if rng.random() < 0.04:
            rng.choice([lambda: response["credentials"].pop("expiration"), lambda: response["credentials"].update(expiration="soon"), lambda: response["credentials"].update(accessKeyId="")])()
        record = self.record(moment, identity, "sts.amazonaws.com", operation, requestParameters=request or None, responseElements=response)
        if rng.random() < 0.1 and record["userIdentity"].get("arn"):
            self.shorter_copy(record)
        self.issues.append(issue)

    def expiration(self, moment):
        style = self.rng.choice(["old", "comma", "narrow", "iso"])
        return generate.iso(moment) if style == "iso" else generate.american(moment, style)

    def shorter_copy(self, record):
        """A copy in the other account's log: it does not name the caller."""
        record["sharedEventID"] = self.event()
        copy = dict(record, eventID=self.event(), userIdentity={"type": "AWSAccount", "principalId": record["userIdentity"].get("principalId", "x"), "accountId": "111111111111"})
        if self.rng.random() < 0.5:
            copy["requestParameters"] = None
        self.records.append(copy)

    def use(self):
        source, name = self.rng.choice([("s3.amazonaws.com", "ListBuckets"), ("sts.amazonaws.com", "GetCallerIdentity"), ("ec2.amazonaws.com", "AssumeRole")])
        error = self.rng.choice([{}, {}, {"errorCode": "AccessDenied", "errorMessage": "no"}]) if source != "sts.amazonaws.com" else {}
        record = self.record(self.moment(), self.caller(), source, name, **error)
        if self.rng.random() < 0.1:
            self.records.append(dict(record))
        if self.rng.random() < 0.1:
            record["sharedEventID"] = self.event()
            self.records.append(dict(record, eventID=self.event(), recipientAccountId="222222222222"))

    def refusal(self):
        code, message = self.rng.choice(MESSAGES)
        operation = self.rng.choice(["AssumeRole", "AssumeRole", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetCallerIdentity"])
        request = self.rng.choice([None, {"roleArn": self.rng.choice(self.roles), "durationSeconds": 600}])
        more = {"errorCode": code} | ({"errorMessage": message} if message else {})
        record = self.record(self.moment(), self.caller(), "sts.amazonaws.com", operation, requestParameters=request, **more)
        if self.rng.random() < 0.05:
            record["responseElements"] = {"credentials": {"accessKeyId": self.keys[0]}}
        if self.rng.random() < 0.2 and record["userIdentity"].get("arn"):
            self.shorter_copy(record)

    def text(self):
        self.issue()
        for _ in range(self.rng.randrange(0, 3)):
            self.renewals()
        for _ in range(self.rng.randrange(1, 30)):
            self.rng.choice([self.issue, self.use, self.use, self.use, self.refusal] if self.rng.random() < 0.9 else [self.issue])()
        self.rng.shuffle(self.records)
        return json.dumps({"Records": self.records})
