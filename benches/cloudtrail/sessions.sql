-- The sessions in CloudTrail logs, by DuckDB: for the comparison of times. $files is a glob; $result a CSV file.
-- Copies count once; uses join the last issue of their key, or else their principal and creationDate.
COPY (
    WITH needed AS (
        SELECT unnest(Records) AS r
        FROM read_json(
            '$files',
            columns = {Records: 'STRUCT(
                eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, eventID VARCHAR, sharedEventID VARCHAR,
                errorCode VARCHAR, sourceIPAddress VARCHAR,
                userIdentity STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accessKeyId VARCHAR, invokedBy VARCHAR,
                    sessionContext STRUCT(attributes STRUCT(creationDate VARCHAR), sessionIssuer STRUCT(arn VARCHAR))),
                requestParameters STRUCT(roleArn VARCHAR, roleSessionName VARCHAR, durationSeconds VARCHAR),
                responseElements STRUCT(credentials STRUCT(accessKeyId VARCHAR, expiration VARCHAR),
                    assumedRoleUser STRUCT(arn VARCHAR, assumedRoleId VARCHAR)))[]'},
            maximum_object_size = 134217728
        )
    ),
    calls AS (
        SELECT DISTINCT ON (event)
            coalesce(r.sharedEventID, r.eventID) AS event, r.eventTime AS moment, r.userIdentity.accessKeyId AS key,
            r.userIdentity.arn AS arn, r.userIdentity.sessionContext.attributes.creationDate AS created,
            r.eventSource AS source, r.eventName AS name, r.errorCode AS error, r.requestParameters AS request,
            r.responseElements AS response
        FROM needed
        ORDER BY event, arn IS NULL
    ),
    issues AS (
        SELECT
            response.credentials.accessKeyId AS key, moment AS issued_at, response.credentials.expiration AS expires,
            request.roleArn AS role, request.roleSessionName AS session_name, request.durationSeconds AS requested,
            response.assumedRoleUser.arn AS principal, key AS parent,
            lead(moment) OVER (PARTITION BY response.credentials.accessKeyId ORDER BY moment) AS next
        FROM calls
        WHERE source = 'sts.amazonaws.com' AND error IS NULL AND response.credentials.accessKeyId IS NOT NULL
    ),
    uses AS (
        SELECT coalesce(i.key, p.key, c.key) AS key, coalesce(i.issued_at, p.issued_at, c.created) AS issued_at, c.moment
        FROM calls AS c
        LEFT JOIN issues AS i ON i.key = c.key AND c.moment >= i.issued_at AND (i.next IS NULL OR c.moment < i.next)
        LEFT JOIN issues AS p ON i.key IS NULL AND p.principal = c.arn AND p.issued_at = c.created
        WHERE c.created IS NOT NULL OR i.key IS NOT NULL
    )
    SELECT u.key, u.issued_at, any_value(i.expires), any_value(i.role), any_value(i.session_name),
        any_value(i.requested), any_value(i.parent), min(u.moment), max(u.moment), count(*)
    FROM uses AS u LEFT JOIN issues AS i ON i.key = u.key AND i.issued_at = u.issued_at
    GROUP BY u.key, u.issued_at
) TO '$result' (HEADER);
