//! Lambda: GetFunctionConfiguration, in the Region of the signature and the caller's account. Sources of the texts of
//! errors: alexcasalboni/aws-lambda-power-tuning#59 and #205 (denial, 403), aarondfrancis/sidecar#23 (not found, 404,
//! with the qualifier in the ARN). The order of both checks has no source.

use serde_json::json;

use super::{authorization, credentials::Key, errors::Problem, request::Request, world::World};

pub fn get_function_configuration(world: &World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let (principal, region) = (&caller.principal, request.signed.as_ref().map(|signed| signed.region.as_str()));
    let name = request.param("FunctionName").unwrap_or_default();
    let function = format!(
        "arn:{}:lambda:{}:{}:function:{name}",
        principal.partition,
        region.unwrap_or_default(),
        principal.account
    );
    let arn = match request.param("Qualifier") {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function.clone(),
    };
    // A caller without permission does not learn whether the function exists.
    if let Err(cause) = authorization::may(world, caller, "lambda:GetFunctionConfiguration", &arn) {
        let message = authorization::denial(caller, "lambda:GetFunctionConfiguration", &arn, world.wording, &cause);
        return Err(Problem::new(403, "AccessDeniedException", message));
    }
    match world.functions.get(&arn) {
        Some(timeout) => Ok(json!({
            "FunctionName": name,
            "FunctionArn": arn,
            "Timeout": timeout,
            "Environment": {"Variables": {"PASSWORD": World::FUNCTION_SECRET}},
        })
        .to_string()),
        None => Err(Problem::new(404, "ResourceNotFoundException", format!("Function not found: {arn}"))),
    }
}
