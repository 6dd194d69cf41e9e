#!/usr/bin/env bash
# Deploys member-role.yaml to the accounts of an organization, also to accounts that join later. A second run updates all of
# them. Run it in the project's folder, as the management account or a delegated administrator of CloudFormation StackSets:
#   FUNCTION_ROLE_ARN=arn:aws:iam::111111111111:role/credential-health ORGANIZATION_ID=o-exampleorgid TARGETS=r-exam examples/pipelines/stackset.sh
# TARGETS: ids of the root or of organizational units, separated by commas. EXTERNAL_ID and CALL_AS (SELF or
# DELEGATED_ADMIN) are optional.
set -euo pipefail

: "${FUNCTION_ROLE_ARN:?FunctionRoleArn, an output of the stack of the function}"
: "${ORGANIZATION_ID:?such as o-exampleorgid}"
: "${TARGETS:?ids of the root or of organizational units, comma-separated}"

name=credential-health-reader
region=us-east-1    # one Region is enough, because IAM is global
call_as=(--call-as "${CALL_AS:-SELF}")
# Commas are part of the values.
# shellcheck disable=SC2054
settings=(
    --stack-set-name "$name"
    --template-body file://member-role.yaml
    --capabilities CAPABILITY_NAMED_IAM
    --permission-model SERVICE_MANAGED
    --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false
    --parameters
    "ParameterKey=FunctionRoleArn,ParameterValue=$FUNCTION_ROLE_ARN"
    "ParameterKey=OrganizationId,ParameterValue=$ORGANIZATION_ID"
    "ParameterKey=ExternalId,ParameterValue=${EXTERNAL_ID:-}"
)
# shellcheck disable=SC2054
many=(--operation-preferences MaxConcurrentPercentage=25,FailureTolerancePercentage=10,RegionConcurrencyType=PARALLEL)

wait_for() {
    local status
    while status=$(aws cloudformation describe-stack-set-operation --region "$region" "${call_as[@]}" --stack-set-name "$name" \
        --operation-id "$1" --query StackSetOperation.Status --output text); do
        case $status in
            SUCCEEDED) return ;;
            QUEUED | RUNNING | STOPPING) sleep 15 ;;
            *) break ;;
        esac
    done
    echo "operation $1 ended as ${status:-unknown}; which accounts, and why:" >&2
    echo "aws cloudformation list-stack-set-operation-results --region $region --stack-set-name $name --operation-id $1" >&2
    return 1
}

if aws cloudformation describe-stack-set --region "$region" "${call_as[@]}" --stack-set-name "$name" >/dev/null 2>&1; then
    wait_for "$(aws cloudformation update-stack-set --region "$region" "${call_as[@]}" "${settings[@]}" "${many[@]}" --query OperationId --output text)"
else
    aws cloudformation create-stack-set --region "$region" "${call_as[@]}" "${settings[@]}"
fi
instances=$(aws cloudformation list-stack-instances --region "$region" "${call_as[@]}" --stack-set-name "$name" --max-results 1 \
    --query 'length(Summaries)' --output text)
if [ "$instances" = 0 ]; then
    wait_for "$(aws cloudformation create-stack-instances --region "$region" "${call_as[@]}" --stack-set-name "$name" --regions "$region" \
        --deployment-targets "OrganizationalUnitIds=$TARGETS" "${many[@]}" --query OperationId --output text)"
fi
