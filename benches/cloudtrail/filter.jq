# The STS calls in a CloudTrail log: for the comparison of times. Run with jq -c -f.
.Records[]
| select(.eventSource == "sts.amazonaws.com" and (.errorCode or .responseElements.credentials.accessKeyId))
| [.eventTime, .eventName, .errorCode, .userIdentity.arn, .requestParameters.roleArn,
   .requestParameters.durationSeconds, .responseElements.credentials.accessKeyId,
   .responseElements.credentials.expiration]
