-- A table over the CloudTrail logs of an organization trail, for Amazon Athena (engine version 3).
--
-- Replace DATABASE, BUCKET, ORGANIZATION (o-...), the account ids, the Regions and the first day. Athena computes the
-- partitions from these values (partition projection): no crawler and no ALTER TABLE is needed. A query reads only the
-- folders of the accounts, Regions and days that it names.
--
-- A trail of one account has no ORGANIZATION folder: remove `/ORGANIZATION` from both locations.
CREATE EXTERNAL TABLE IF NOT EXISTS DATABASE.cloudtrail_logs (
    eventtime STRING,
    eventsource STRING,
    eventname STRING,
    sourceipaddress STRING,
    errorcode STRING,
    errormessage STRING,
    requestparameters STRING,
    responseelements STRING,
    eventid STRING,
    sharedeventid STRING,
    sessioncredentialfromconsole STRING,
    useridentity STRUCT<
        type: STRING,
        principalid: STRING,
        arn: STRING,
        accountid: STRING,
        accesskeyid: STRING,
        username: STRING,
        invokedby: STRING,
        sessioncontext: STRUCT<
            attributes: STRUCT<creationdate: STRING>,
            sessionissuer: STRUCT<type: STRING, arn: STRING>,
            ec2roledelivery: STRING,
            webidfederationdata: STRUCT<federatedprovider: STRING>
        >
    >
)
PARTITIONED BY (account STRING, region STRING, day STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS
    INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
    OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://BUCKET/AWSLogs/ORGANIZATION/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account.type' = 'enum',
    'projection.account.values' = '111111111111,222222222222',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'eu-west-1,us-east-1',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy/MM/dd',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'projection.day.range' = '2024/01/01,NOW',
    'storage.location.template' = 's3://BUCKET/AWSLogs/ORGANIZATION/${account}/CloudTrail/${region}/${day}'
);
