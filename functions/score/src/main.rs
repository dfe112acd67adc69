//! The Lambda function `score`: processed batches to incidents and findings.

use lambda_runtime::{LambdaEvent, run, service_fn};
use weir_aws::{App, Function};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = App::from_env(Function::Score).await?;
    run(service_fn(|event: LambdaEvent<serde_json::Value>| app.score(event))).await
}
