#!/usr/bin/env python3
"""The sessions in CloudTrail logs, as JSON: a slow and simple second implementation of `credential-health sessions`.

    tests/cloudtrail/reference.py [--since TIME] [--until TIME] [--service-linked] SOURCE...

The tests compare its output with the output of the command. It holds all records in memory and needs only Python's
standard library. A source is a log file, a result of athena/sessions.sql (.csv), a folder, or `-`.
"""

import argparse
import collections
import csv
import datetime
import io
import json
import os
import re
import sys
import zlib

ISSUES = {"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken", "AssumeRoot"}
MINUTE = 60
ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".csv")
OTHER_FILES = ("CloudTrail-Digest", "CloudTrail-Insight")
PLATFORMS = {
    "ec2": "ec2-instance",
    "ecs-tasks": "ecs-task",
    "lambda": "lambda",
    "codebuild": "codebuild",
    "pods.eks": "eks-pod-identity",
}
NAMING_PLATFORMS = {"ecs-task", "codebuild", "eks-pod-identity"}


# Times


ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
# "Nov 29, 2018 4:31:59 AM" and "Jul 10, 2023, 12:09:47 PM"; a narrow no-break space can stand before AM and PM.
AMERICAN = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)[ \u00a0\u202f]([AP]M)", re.ASCII)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def seconds(year, month, day, hour, minute, second, offset=0):
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    return int(moment.timestamp()) - offset


def parse_time(text):
    """Seconds since 1970 of an ISO or American time; None if there is none."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    if match := ISO.fullmatch(text):
        zone, offset = match[7], 0
        if zone and zone != "Z":
            digits = zone[1:].replace(":", "")
            offset = (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
        return seconds(*(int(match[part]) for part in range(1, 7)), offset)
    if match := AMERICAN.fullmatch(text):
        hour = int(match[4])
        if match[1] not in MONTHS or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[7] == "PM" else 0)
        return seconds(int(match[3]), MONTHS.index(match[1]) + 1, int(match[2]), hour, int(match[5]), int(match[6]))
    return None


def format_time(moment):
    if moment is None:
        return None
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def bound(text, end):
    """The second of --since or --until. A date as --until includes the whole day."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        start = parse_time(f"{text}T00:00:00Z")
        return start + 86_399 if end else start
    moment = parse_time(text)
    if moment is None:
        sys.exit(f"{text}: not a date or an RFC 3339 time")
    return moment


# Files


class Unreadable(Exception):
    """A value that is no record."""


class Broken(Exception):
    """The end of what can be read of a document."""


def unpack(data):
    """The content of gzip data, and why it ends early, if it does."""
    content, reason = [], None
    while data:
        member = zlib.decompressobj(wbits=31)
        position, step = 0, 4096
        while position < len(data) and not member.eof:
            before = member.copy()
            try:
                content.append(member.decompress(data[position : position + step]))
                position += step
            except zlib.error as error:
                if step == 1:
                    return b"".join(content), str(error)
                member, step = before, 1
        if not member.eof:
            return b"".join(content), "the gzip data ends early"
        data = member.unused_data + data[position:]
        if not data.strip(b"\0"):
            break
    return b"".join(content), reason


def elements(text, position):
    """The elements of the JSON array that begins at `position`; raises Broken where the text breaks."""
    decoder = json.JSONDecoder()
    position = skip_space(text, position + 1)
    if text[position : position + 1] == "]":
        return
    while True:
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise Broken(str(error)) from None
        yield value
        position = skip_space(text, position)
        if text[position : position + 1] == "]":
            return
        if text[position : position + 1] != ",":
            raise Broken(f"no comma at character {position}")
        position = skip_space(text, position + 1)


def skip_space(text, position):
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def salvaged(text):
    """The complete records of a document that does not end well."""
    decoder = json.JSONDecoder()
    position = skip_space(text, 0)
    if text[position : position + 1] == "[":
        yield from elements(text, position)
        raise Broken("text after the document")
    if text[position : position + 1] != "{":
        raise Broken("no JSON document")
    position = skip_space(text, position + 1)
    while True:
        try:
            name, position = decoder.raw_decode(text, position)
            position = skip_space(text, position)
            if text[position : position + 1] != ":":
                raise Broken(f"no colon at character {position}")
            position = skip_space(text, position + 1)
            if name in ("Records", "Events") and text[position : position + 1] == "[":
                yield from elements(text, position)
                raise Broken("the document breaks after its records")
            _, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise Broken(str(error)) from None
        position = skip_space(text, position)
        if text[position : position + 1] != ",":
            raise Broken(f"no comma at character {position}")
        position = skip_space(text, position + 1)


def entries(value):
    """The records in one JSON value: a log, a list, an answer of lookup-events, or a record."""
    if isinstance(value, list):
        for each in value:
            yield from entry(each)
    elif isinstance(value, dict) and isinstance(value.get("Records"), list):
        yield from entries(value["Records"])
    elif isinstance(value, dict) and isinstance(value.get("Events"), list):
        yield from entries(value["Events"])
    else:
        yield from entry(value)


def entry(value):
    if isinstance(value, dict) and isinstance(value.get("CloudTrailEvent"), str):
        value = value["CloudTrailEvent"]
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise Unreadable(str(error)) from None
    yield value


def read_file(name, data):
    """The entries of a file, and why it is skipped, if it is."""
    reason = None
    if data[:2] == b"\x1f\x8b":
        data, reason = unpack(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text, reason = data[: error.start].decode("utf-8"), reason or str(error)
    base = name[:-3] if name.endswith(".gz") else name
    found = []
    if base.endswith(".jsonl"):
        for line in text.split("\n"):
            if line.strip():
                try:
                    found += entries(json.loads(line))
                except (ValueError, RecursionError, Unreadable) as error:
                    reason = reason or str(error)
        return found, reason
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = reason or str(error)
        values = salvaged(text)
    else:
        values = iter(parts(value))
    while True:
        try:
            for each in values:
                found += entry(each)
            return found, reason
        except Broken:
            return found, reason
        except Unreadable as error:
            # A text that is no record; the next value can be one.
            reason = reason or str(error)


def parts(value):
    if isinstance(value, dict):
        for name in ("Records", "Events"):
            if isinstance(value.get(name), list):
                return value[name]
        return [value]
    return value if isinstance(value, list) else [value]


def files(sources):
    for source in sources:
        if source == "-":
            yield "-", sys.stdin.buffer.read()
        elif os.path.isdir(source):
            found = []
            for folder, _, names in os.walk(source):
                found += (os.path.join(folder, name) for name in names)
            for path in sorted(found):
                if path.endswith(ENDINGS) and not any(other in os.path.relpath(path, source) for other in OTHER_FILES):
                    with open(path, "rb") as file:
                        yield path, file.read()
        else:
            with open(source, "rb") as file:
                yield source, file.read()


# Records


def at(value, *names):
    """A text in nested objects; None if it is absent or empty."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


FIELDS = """time last calls copies id event error message ip type principal_id arn key user invoked_by created
    issuer_type issuer ec2 web console role session_name duration target issued_key expiration issued_arn issued_id
    call""".split()
Record = collections.namedtuple("Record", FIELDS)


def whole_number(value):
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d+", value, re.ASCII) else None


def record(value):
    """The record in a JSON value; None if there is none."""
    moment = parse_time(value.get("eventTime")) if isinstance(value, dict) else None
    if moment is None:
        return None
    identity, request, response = (value.get(name) for name in ("userIdentity", "requestParameters", "responseElements"))
    sts = value.get("eventSource") == "sts.amazonaws.com"
    error = at(value, "errorCode")
    issued_key = at(response, "credentials", "accessKeyId") if sts and not error and value.get("eventName") in ISSUES else None
    console = value.get("sessionCredentialFromConsole")
    return Record(
        moment, moment, 1, 1,
        at(value, "sharedEventID") or at(value, "eventID"),
        at(value, "eventName"), error, at(value, "errorMessage"), at(value, "sourceIPAddress"),
        at(identity, "type"), at(identity, "principalId"), at(identity, "arn"), at(identity, "accessKeyId"),
        at(identity, "userName"), at(identity, "invokedBy"),
        parse_time(at(identity, "sessionContext", "attributes", "creationDate")),
        at(identity, "sessionContext", "sessionIssuer", "type"), at(identity, "sessionContext", "sessionIssuer", "arn"),
        at(identity, "sessionContext", "ec2RoleDelivery"),
        at(identity, "sessionContext", "webIdFederationData", "federatedProvider"),
        console is True or console == "true",
        at(request, "roleArn"), at(request, "roleSessionName") or at(request, "name"),
        whole_number(request.get("durationSeconds")) if isinstance(request, dict) else None,
        at(request, "targetPrincipal"),
        issued_key, at(response, "credentials", "expiration"),
        at(response, "assumedRoleUser", "arn") or at(response, "federatedUser", "arn"),
        at(response, "assumedRoleUser", "assumedRoleId"),
        bool(sts and (issued_key or error)),
    )  # fmt: skip


def row(value):
    """The record that a row of the Athena query's result stands for."""
    text = {name: content or None for name, content in value.items()}
    first, last = parse_time(text["first_time"]), parse_time(text["last_time"])
    copies = int(text["records"] or 0)
    if first is None or last is None:
        return None
    return Record(
        first, last, int(text["calls"]), copies,
        text["event_id"], text["event_name"], text["error_code"], text["error_message"], text["source_ip"],
        text["identity_type"], text["principal_id"], text["arn"], text["access_key_id"], text["user_name"],
        text["invoked_by"], parse_time(text["creation_date"]), text["issuer_type"], text["issuer_arn"],
        text["ec2_role_delivery"], text["federated_provider"], text["console"] == "true",
        text["role_arn"], text["session_name"], whole_number(text["duration_seconds"]), text["target_principal"],
        None if text["error_code"] else text["issued_key"], text["expiration"], text["issued_arn"], text["issued_id"],
        text["row_kind"] == "call",
    )  # fmt: skip


def read(sources, since, until):
    """All records between the bounds, the number of files, and the skipped files."""
    records, skipped, count = [], [], 0
    for name, data in files(sources):
        count += 1
        if name.endswith(".csv"):
            found, reason = [], None
            for each in csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")):
                found.append(row(each))
        else:
            values, reason = read_file(name, data)
            found = [record(each) for each in values]
        if reason is None and None in found:
            reason = "an entry is no record with an eventTime"
        if reason is not None:
            skipped.append({"file": name, "reason": reason})
        records += (each for each in found if each and since <= each.time <= until)
    return records, count, skipped


def without_copies(records):
    """One record for each call: the copy that names the caller's ARN, else the first."""
    chosen, rest = {}, []
    for each in records:
        if each.id is None:
            rest.append(each)
        elif each.id not in chosen or (each.arn and not chosen[each.id].arn):
            chosen[each.id] = each
    return rest + list(chosen.values())


# Sessions


class Session:
    def __init__(self, key, issued_at, issue=None):
        self.key, self.issued_at, self.issue = key, issued_at, issue
        self.uses, self.parent, self.renews = [], None, None
        self.expires_at = parse_time(issue.expiration) if issue else None
        if issue is None:
            self.role = self.principal = self.session_name = None
            return
        self.role = issue.role if issue.event.startswith("AssumeRole") and issue.event != "AssumeRoot" else None
        self.principal = issued_principal(issue, self.role)
        self.session_name = issue.session_name or last_part(self.principal)

    @property
    def first_used(self):
        return min((each.time for each in self.uses), default=None)

    @property
    def last_used(self):
        return max((each.last for each in self.uses), default=None)


def last_part(arn):
    """The session's name in the ARN of an assumed role or of a federated user."""
    if arn and re.match(r"arn:[^:]*:sts::[^:]*:(assumed-role|federated-user)/", arn):
        return arn.rsplit("/", 1)[1] or None
    return None


def issued_principal(issue, role):
    if issue.issued_arn:
        return issue.issued_arn
    if issue.event == "GetSessionToken":
        return issue.arn
    if issue.event == "AssumeRoot":
        target = issue.target
        if target and re.fullmatch(r"\d{12}", target):
            partition = issue.arn.split(":")[1] if issue.arn and issue.arn.startswith("arn:") else "aws"
            return f"arn:{partition}:iam::{target}:root"
        return target
    match = re.fullmatch(r"arn:([^:]*):iam::(\d*):role/(?:.*/)?([^/]+)", role or "")
    if match and issue.session_name:
        return f"arn:{match[1]}:sts::{match[2]}:assumed-role/{match[3]}/{issue.session_name}"
    return None


def issued_sessions(records):
    """One session for each (key, second), from the issue that knows the caller's ARN."""
    found = {}
    for each in records:
        if each.issued_key:
            found.setdefault((each.issued_key, each.time), []).append(each)
    sessions, issue_of = [], {}
    for (key, moment), issues in sorted(found.items()):
        best = min(issues, key=lambda each: (each.arn is None, each.id or ""))
        session = Session(key, moment, best)
        sessions.append(session)
        for each in issues:
            issue_of[id(each)] = session
    return sessions, issue_of


class Index:
    """Finds the session that made a call."""

    def __init__(self, sessions, issue_of):
        self.issue_of = issue_of
        self.by_key, self.by_principal = collections.defaultdict(list), collections.defaultdict(list)
        for session in sessions:  # in the order of (key, issued_at)
            self.by_key[session.key].append(session)
            for name in {session.principal, session.issue.issued_id} - {None}:
                self.by_principal[name, session.issued_at].append(session)
        self.groups = {}

    def issued(self, each):
        own = self.issue_of.get(id(each))
        of_key = [session for session in self.by_key[each.key] if session.issued_at <= each.time and session is not own] if each.key else []
        if of_key:
            last = of_key[-1]
            if last.expires_at is None or each.time <= last.expires_at + 15 * MINUTE:
                return last
        if each.created is not None:
            names = {each.principal_id, each.arn} - {None}
            same = [session for name in names for session in self.by_principal[name, each.created] if session is not own]
            if same:
                return min(same, key=lambda session: session.key)
        return None

    def group(self, each):
        """The name of the session without an issue, if the call can be part of one."""
        if each.created is None or each.principal_id is None:
            return None
        return each.principal_id, each.created


def find_sessions(records):
    sessions, issue_of = issued_sessions(records)
    index = Index(sessions, issue_of)
    groups, opened = collections.defaultdict(list), set()
    parents = []
    for each in records:
        session = index.issued(each)
        name = index.group(each) if session is None else None
        if session is not None:
            session.uses.append(each)
        elif name is not None:
            groups[name].append(each)
            if each.issued_key or (each.key and not each.invoked_by):
                opened.add(name)
        own = issue_of.get(id(each))
        if own is not None and own.issue is each:
            parents.append((own, session, name))
    unissued = {name: session_without_issue(name[1], groups[name]) for name in opened}
    for own, session, name in parents:
        own.parent = session or unissued.get(name)
    return sessions + list(unissued.values())


def session_without_issue(created, uses):
    uses = sorted(uses, key=lambda each: (each.time, each.key is None, each.key or ""))
    session = Session(next((each.key for each in uses if each.key), None), created)
    session.uses = uses
    session.principal = next((each.arn for each in uses if each.arn), None)
    session.session_name = last_part(session.principal)
    session.role = next((each.issuer for each in uses if is_role(each)), None)
    return session


def is_role(each):
    return bool(each.issuer) and (each.issuer_type == "Role" or (each.issuer_type is None and ":role/" in each.issuer))


# Paths


def lineage(session):
    """The sessions from the root to this one."""
    line = [session]
    while line[-1].parent is not None and line[-1].parent not in line:
        line.append(line[-1].parent)
    return line[::-1]


def is_temporary(caller, parent):
    """Whether the caller was a session; None if the caller is not known."""
    if parent is not None or caller.type in ("AssumedRole", "FederatedUser"):
        return True
    if caller.type in ("IAMUser", "Root"):
        return caller.created is not None or (caller.key or "").startswith("ASIA")
    if caller.type in ("AWSService", "WebIdentityUser", "SAMLUser"):
        return False
    return None


def service_name(caller):
    return re.sub(r"\.amazonaws\.com(\.cn)?$", "", caller.invoked_by or "")


def is_permission_set(role):
    return bool(role) and role.rsplit("/", 1)[-1].startswith("AWSReservedSSO_")


def source_and_service(root):
    if is_permission_set(path([root])[0] if path([root]) else None):
        return "identity-center", root.issue.invoked_by if root.issue and root.issue.type == "AWSService" else None
    if root.issue is None:
        types = {each.type for each in root.uses}
        if "FederatedUser" in types:
            return "federation-token", None
        if "IAMUser" in types:
            return "session-token", None
        if any(each.ec2 for each in root.uses):
            return "ec2-instance", None
        if any(each.web for each in root.uses):
            return "web-identity", None
        return "unknown", None
    if root.issue.event == "GetSessionToken":
        return "session-token", None
    if root.issue.event == "GetFederationToken":
        return "federation-token", None
    caller = root.issue
    if caller.type == "AWSService":
        return PLATFORMS.get(service_name(caller), "service"), caller.invoked_by
    if caller.type == "IAMUser":
        return ("session-token" if is_temporary(caller, None) else "iam-user"), None
    return {"WebIdentityUser": "web-identity", "SAMLUser": "saml", "FederatedUser": "federation-token"}.get(caller.type, "unknown"), None


def path(line):
    roles = [session.role for session in line if session.role]
    root = line[0]
    # The caller was a role session of which the records show nothing else.
    if root.issue is not None and root.issue.type == "AssumedRole" and is_role(root.issue):
        roles.insert(0, root.issue.issuer)
    return roles


# Renewals


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MADE_UP = re.compile(rf"(?<![0-9A-Za-z])(?:{UUID}|\d{{10,11}}|\d{{13,}})(?![0-9A-Za-z])", re.IGNORECASE | re.ASCII)


def caller_name(session):
    """Who took the session; None if that is not known."""
    caller = session.issue
    if session.parent is not None:
        return session.parent.principal
    if caller.type in ("WebIdentityUser", "SAMLUser"):
        return caller.user or caller.principal_id
    if caller.type == "AWSService":
        return caller.invoked_by
    if caller.type == "AWSAccount":
        return caller.principal_id
    return caller.arn


def find_renewals(sessions):
    earlier, renewed = collections.defaultdict(list), set()
    for session in sorted((each for each in sessions if each.issue), key=order):
        caller = caller_name(session)
        if not (session.role and session.session_name and caller):
            continue
        family = earlier[session.role, session.session_name, caller]
        for candidate in reversed(family):
            if id(candidate) not in renewed and may_renew(session, candidate):
                renewed.add(id(candidate))
                session.renews = candidate.key
                break
        family.append(session)


def may_renew(session, candidate):
    caller = session.issue
    if caller.type == "AWSService":
        return PLATFORMS.get(service_name(caller)) in NAMING_PLATFORMS
    if MADE_UP.search(session.session_name):
        return True
    if caller.ip is None or caller.ip != candidate.issue.ip or candidate.last_used is None or candidate.expires_at is None:
        return False
    gap = session.issued_at - candidate.last_used
    return -MINUTE <= gap <= 15 * MINUTE and session.issued_at - candidate.expires_at <= 15 * MINUTE


def order(session):
    return session.issued_at, session.key or ""


# Refusals


def refusal(each):
    return {
        "at": format_time(each.time),
        "operation": each.event,
        "role": each.role or role_in_text(each.message),
        "caller": each.arn or each.user or each.invoked_by or each.principal_id,
        "error_code": each.error,
        "error_message": each.message,
        "kind": kind(each.error, each.message or ""),
    }


def role_in_text(message):
    match = re.search(r"arn:[a-z0-9-]+:iam::\d{12}:role/[\w+=,.@/-]+", message or "", re.ASCII)
    return match[0].rstrip(".,") if match else None


def kind(code, message):
    if "exceeds the MaxSessionDuration set for this role" in message:
        return "duration-above-max-session"
    if "1 hour session limit for roles assumed by role chaining" in message:
        return "duration-above-chain-cap"
    if "at 'durationSeconds' failed to satisfy constraint" in message:
        return "duration-out-of-range"
    code = code.rsplit(".", 1)[-1]
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return "denied"
    if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
        return "expired"
    return "other"


def refusal_order(each):
    return [(each[name] is not None, each[name] or "") for name in ("at", "operation", "role", "caller", "error_code", "error_message")]


def is_service_linked(role):
    return bool(role) and ":role/aws-service-role/" in role


# Output


def printed_session(session):
    line = lineage(session)
    source, service = source_and_service(line[0])
    issue = session.issue
    granted = None if session.expires_at is None else session.expires_at - session.issued_at
    return {
        "access_key_id": session.key,
        "operation": issue.event if issue else None,
        "role": session.role,
        "principal": session.principal,
        "session_name": session.session_name,
        "source": source,
        "service": service,
        "parent": session.parent.key if session.parent else None,
        "path": path(line),
        "chained": is_temporary(issue, session.parent) if issue else None,
        "issued_at": format_time(session.issued_at),
        "expires_at": format_time(session.expires_at),
        "requested_seconds": issue.duration if issue else None,
        "granted_seconds": granted,
        "first_used": format_time(session.first_used),
        "last_used": format_time(session.last_used),
        "calls": sum(each.calls for each in session.uses),
        "renews": session.renews,
        "console": any(each.console for each in session.uses),
    }


def report(sources, since, until, service_linked):
    records, count, skipped = read(sources, since, until)
    calls = without_copies(records)
    sessions = find_sessions(calls)
    find_renewals(sessions)
    refused = [refusal(each) for each in calls if each.call and each.error]
    if not service_linked:
        sessions = [each for each in sessions if not is_service_linked(each.role)]
        refused = [each for each in refused if not is_service_linked(each["role"])]
    return {
        "schema_version": 1,
        "window": {
            "from": format_time(min((each.time for each in records), default=None)),
            "to": format_time(max((each.last for each in records), default=None)),
        },
        "files": count,
        "records": sum(each.copies for each in records),
        "skipped": skipped,
        "sessions": [printed_session(each) for each in sorted(sessions, key=order)],
        "refused": sorted(refused, key=refusal_order),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", metavar="TIME")
    parser.add_argument("--until", metavar="TIME")
    parser.add_argument("--service-linked", action="store_true")
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    options = parser.parse_args()
    since = bound(options.since, False) if options.since else float("-inf")
    until = bound(options.until, True) if options.until else float("inf")
    result = report(options.sources, since, until, options.service_linked)
    json.dump(result, sys.stdout, indent=1)
    print()
    sys.exit(3 if result["skipped"] else 0)


if __name__ == "__main__":
    main()
