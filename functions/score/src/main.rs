//! The Lambda function `score`: turns processed batches into incidents and findings.

mod handler;
mod settings;

use lambda_runtime::{run, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (settings, config) = weir_aws::start(settings::Settings::from_lookup).await?;
    let handler = handler::Handler::new(settings, &config);
    run(service_fn(|event| handler.handle(event))).await
}
