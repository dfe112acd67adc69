//! The Lambda function `publish`: findings to the alert topic, each once.

use lambda_runtime::{LambdaEvent, run, service_fn};
use weir_aws::{App, Function};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = App::from_env(Function::Publish).await?;
    run(service_fn(|event: LambdaEvent<serde_json::Value>| app.publish(event))).await
}
