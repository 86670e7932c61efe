//! How the SDKs of AWS are set up: where they connect, how long they try, and by which TLS.
//!
//! **Invariant:** no service is named here.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// How long one try of a request may take.
const TRY_MAX: Duration = Duration::from_secs(5);

/// How often a request is tried at once; the engine tries it again later.
const TRIES_MAX: u32 = 3;

/// The settings that the environment gives: region, credentials, and endpoints that replace AWS's
/// (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` …).
///
/// A request that was throttled, or whose answer was lost, is tried three times in all, as the SDK does by default; what
/// is asked of AWS is such that asking twice is harmless.
pub async fn config() -> SdkConfig {
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(TRY_MAX)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
        .load()
        .await
}
