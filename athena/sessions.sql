-- The records of CloudTrail that `credential-health sessions` needs, for Amazon Athena (engine version 3).
--
-- Two parameters: the first and the last day, as '2026/11/01' (start-query-execution --execution-parameters). Replace
-- DATABASE. The query reads the logs once. Athena writes its result as a CSV file, the input of `credential-health sessions`.
--
-- Columns of the result; an empty field is null:
--   row_kind            call: one STS record that issues a session or has an errorCode
--                       uses: other calls that may be of one session, counted together
--                       other: all remaining calls, in one row
--   first_time, last_time, calls    eventTime of the first and last call, number of calls without copies
--   records             number of records, with copies of the same call
--   event_id            call: sharedEventID, else eventID
--   event_name, error_code, error_message, source_ip      call: eventName, errorCode, errorMessage, sourceIPAddress
--   identity_type, principal_id, arn, access_key_id, invoked_by    call, uses: fields of userIdentity
--   user_name           call: userIdentity.userName
--   creation_date, issuer_type, issuer_arn, ec2_role_delivery, federated_provider    call, uses: of sessionContext
--   console             call, uses: true where sessionCredentialFromConsole says so
--   role_arn, session_name, duration_seconds, target_principal     call: of requestParameters
--   issued_key, expiration, issued_arn, issued_id                  call: of responseElements
--
-- Calls before an issue of their key, after it, and later than 15 minutes after its end are in different rows.
WITH needed AS (
    SELECT
        eventtime AS event_time,
        coalesce(nullif(sharedeventid, ''), nullif(eventid, '')) AS event_id,
        nullif(eventname, '') AS event_name,
        eventsource = 'sts.amazonaws.com' AS is_sts,
        nullif(errorcode, '') AS error_code,
        nullif(errormessage, '') AS error_message,
        nullif(sourceipaddress, '') AS source_ip,
        nullif(useridentity.type, '') AS identity_type,
        nullif(useridentity.principalid, '') AS principal_id,
        nullif(useridentity.arn, '') AS arn,
        nullif(useridentity.accesskeyid, '') AS access_key_id,
        nullif(useridentity.username, '') AS user_name,
        nullif(useridentity.invokedby, '') AS invoked_by,
        nullif(useridentity.sessioncontext.attributes.creationdate, '') AS creation_date,
        nullif(useridentity.sessioncontext.sessionissuer.type, '') AS issuer_type,
        nullif(useridentity.sessioncontext.sessionissuer.arn, '') AS issuer_arn,
        nullif(useridentity.sessioncontext.ec2roledelivery, '') AS ec2_role_delivery,
        nullif(useridentity.sessioncontext.webidfederationdata.federatedprovider, '') AS federated_provider,
        CASE WHEN sessioncredentialfromconsole = 'true' THEN 'true' END AS console,
        -- Only calls of STS have parameters that are needed.
        CASE WHEN eventsource = 'sts.amazonaws.com' THEN requestparameters END AS request,
        CASE
            WHEN eventsource = 'sts.amazonaws.com'
                AND nullif(errorcode, '') IS NULL
                AND eventname IN (
                    'AssumeRole',
                    'AssumeRoleWithWebIdentity',
                    'AssumeRoleWithSAML',
                    'GetSessionToken',
                    'GetFederationToken',
                    'AssumeRoot'
                )
            THEN responseelements
        END AS response
    FROM DATABASE.cloudtrail_logs
    WHERE day BETWEEN ? AND ?
        AND eventtime IS NOT NULL
),
numbered AS (
    SELECT
        *,
        -- Of the copies of a call, the first one names the caller's ARN if any does.
        CASE
            WHEN event_id IS NULL THEN 1
            ELSE row_number() OVER (PARTITION BY event_id ORDER BY CASE WHEN arn IS NULL THEN 1 ELSE 0 END)
        END AS copy,
        CASE WHEN event_id IS NULL THEN 1 ELSE count(*) OVER (PARTITION BY event_id) END AS copies,
        nullif(json_extract_scalar(response, '$.credentials.accessKeyId'), '') AS issued_key,
        nullif(json_extract_scalar(response, '$.credentials.expiration'), '') AS expiration
    FROM needed
),
issued AS (
    SELECT
        *,
        CASE
            WHEN issued_key IS NOT NULL
            THEN date_format(
                date_add(
                    'minute',
                    15,
                    coalesce(
                        -- "Nov 29, 2018 4:31:59 AM", "Jul 10, 2023, 12:09:47 PM", also with a narrow no-break space
                        try(date_parse(
                            replace(replace(replace(expiration, ',', ''), chr(8239), ' '), chr(160), ' '),
                            '%b %e %Y %l:%i:%s %p'
                        )),
                        try(date_parse(substr(expiration, 1, 19), '%Y-%m-%dT%H:%i:%s'))
                    )
                ),
                '%Y-%m-%dT%H:%i:%sZ'
            )
        END AS usable_until
    FROM numbered
    WHERE copy = 1
),
placed AS (
    -- An issue is also a mark (part 0) among the calls with the key that it issues.
    SELECT
        issued.*,
        part,
        max(CASE WHEN part = 0 THEN concat(event_time, coalesce(usable_until, '')) END) OVER (
            PARTITION BY
                CASE
                    WHEN part = 0 THEN issued_key
                    -- Long-term keys are of no session. Each such call is apart, so that no partition is large.
                    WHEN access_key_id IS NULL OR substr(access_key_id, 1, 4) = 'AKIA' THEN concat('-', coalesce(event_id, ''))
                    ELSE access_key_id
                END
            ORDER BY event_time, part
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS issue
    FROM issued
    CROSS JOIN UNNEST(ARRAY[0, 1]) AS parts (part)
    WHERE part = 1 OR issued_key IS NOT NULL
),
kinds AS (
    SELECT
        *,
        CASE
            WHEN is_sts AND (issued_key IS NOT NULL OR error_code IS NOT NULL) THEN 'call'
            WHEN creation_date IS NOT NULL OR issue IS NOT NULL THEN 'uses'
            ELSE 'other'
        END AS row_kind
    FROM placed
    WHERE part = 1
),
columns_of_kinds AS (
    SELECT
        row_kind,
        event_time,
        copies,
        CASE WHEN row_kind = 'uses' THEN issue END AS issue,
        CASE WHEN row_kind = 'uses' AND length(issue) > 20 THEN event_time > substr(issue, 21) END AS late,
        CASE WHEN row_kind = 'call' THEN event_id END AS event_id,
        CASE WHEN row_kind = 'call' THEN event_name END AS event_name,
        CASE WHEN row_kind = 'call' THEN error_code END AS error_code,
        CASE WHEN row_kind = 'call' THEN error_message END AS error_message,
        CASE WHEN row_kind = 'call' THEN source_ip END AS source_ip,
        CASE WHEN row_kind <> 'other' THEN identity_type END AS identity_type,
        CASE WHEN row_kind <> 'other' THEN principal_id END AS principal_id,
        CASE WHEN row_kind <> 'other' THEN arn END AS arn,
        CASE WHEN row_kind <> 'other' THEN access_key_id END AS access_key_id,
        CASE WHEN row_kind = 'call' THEN user_name END AS user_name,
        CASE WHEN row_kind <> 'other' THEN invoked_by END AS invoked_by,
        CASE WHEN row_kind <> 'other' THEN creation_date END AS creation_date,
        CASE WHEN row_kind <> 'other' THEN issuer_type END AS issuer_type,
        CASE WHEN row_kind <> 'other' THEN issuer_arn END AS issuer_arn,
        CASE WHEN row_kind <> 'other' THEN ec2_role_delivery END AS ec2_role_delivery,
        CASE WHEN row_kind <> 'other' THEN federated_provider END AS federated_provider,
        CASE WHEN row_kind <> 'other' THEN console END AS console,
        CASE WHEN row_kind = 'call' THEN nullif(json_extract_scalar(request, '$.roleArn'), '') END AS role_arn,
        CASE
            WHEN row_kind = 'call'
            THEN coalesce(
                nullif(json_extract_scalar(request, '$.roleSessionName'), ''),
                nullif(json_extract_scalar(request, '$.name'), '')
            )
        END AS session_name,
        CASE WHEN row_kind = 'call' THEN json_extract_scalar(request, '$.durationSeconds') END AS duration_seconds,
        CASE
            WHEN row_kind = 'call' THEN nullif(json_extract_scalar(request, '$.targetPrincipal'), '')
        END AS target_principal,
        issued_key,
        expiration,
        CASE
            WHEN row_kind = 'call'
            THEN coalesce(
                nullif(json_extract_scalar(response, '$.assumedRoleUser.arn'), ''),
                nullif(json_extract_scalar(response, '$.federatedUser.arn'), '')
            )
        END AS issued_arn,
        CASE
            WHEN row_kind = 'call' THEN nullif(json_extract_scalar(response, '$.assumedRoleUser.assumedRoleId'), '')
        END AS issued_id
    FROM kinds
)
SELECT
    row_kind,
    min(event_time) AS first_time,
    max(event_time) AS last_time,
    count(*) AS calls,
    sum(copies) AS records,
    event_id,
    event_name,
    error_code,
    error_message,
    source_ip,
    identity_type,
    principal_id,
    arn,
    access_key_id,
    user_name,
    invoked_by,
    creation_date,
    issuer_type,
    issuer_arn,
    ec2_role_delivery,
    federated_provider,
    console,
    role_arn,
    session_name,
    duration_seconds,
    target_principal,
    issued_key,
    expiration,
    issued_arn,
    issued_id
FROM columns_of_kinds
GROUP BY
    row_kind,
    issue,
    late,
    event_id,
    event_name,
    error_code,
    error_message,
    source_ip,
    identity_type,
    principal_id,
    arn,
    access_key_id,
    user_name,
    invoked_by,
    creation_date,
    issuer_type,
    issuer_arn,
    ec2_role_delivery,
    federated_provider,
    console,
    role_arn,
    session_name,
    duration_seconds,
    target_principal,
    issued_key,
    expiration,
    issued_arn,
    issued_id
