#!/usr/bin/env python3
"""The sessions in CloudTrail logs, as a script of a few lines finds them: for the comparison of times.

    sessions.py FOLDER > sessions.csv

It reads one file after the other with gzip and json, as scripts around boto3 do, and joins issues and uses by key.
It has no rules for copies, keys that come back, the console's keys, or renewals.
"""

import csv
import gzip
import json
import pathlib
import sys


def main(folder):
    seen, issued, used = set(), {}, {}
    for path in pathlib.Path(folder).rglob("*.json.gz"):
        with gzip.open(path) as file:
            for record in json.load(file)["Records"]:
                event = record.get("sharedEventID") or record["eventID"]
                if event in seen:
                    continue
                seen.add(event)
                identity, time = record["userIdentity"], record["eventTime"]
                key = identity.get("accessKeyId")
                if key and key.startswith("ASIA"):
                    first, last, calls, _ = used.get(key, (time, time, 0, None))
                    used[key] = (min(first, time), max(last, time), calls + 1, identity.get("arn"))
                credentials = (record.get("responseElements") or {}).get("credentials")
                if record["eventSource"] == "sts.amazonaws.com" and credentials:
                    request = record["requestParameters"] or {}
                    issued[credentials["accessKeyId"]] = (time, credentials["expiration"], request.get("roleArn"), request.get("durationSeconds"), key or identity.get("invokedBy"))
    rows = csv.writer(sys.stdout)
    for key in issued.keys() | used.keys():
        rows.writerow([key, *issued.get(key, [None] * 5), *used.get(key, [None] * 4)])


main(sys.argv[1])
