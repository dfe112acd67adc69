//! The Lambda function `preprocess`: raw log objects to processed batches, and a report of what was rejected.

use lambda_runtime::{LambdaEvent, run, service_fn};
use weir_aws::{App, Function};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = App::from_env(Function::Preprocess).await?;
    run(service_fn(|event: LambdaEvent<serde_json::Value>| app.preprocess(event))).await
}
