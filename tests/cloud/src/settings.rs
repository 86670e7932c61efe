//! Settings of the SDKs for the local cloud: where each service is, and credentials that mean nothing.
//!
//! **Invariant:** nothing is read from the environment, so tests beside each other do not disturb each other.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The region that every part says it is in.
pub const REGION: &str = "us-east-1";

/// The account that every part says it belongs to.
pub const ACCOUNT: &str = "000000000000";

/// How long one try of a request may take on a busy machine.
const TRY_MAX: Duration = Duration::from_secs(30);

/// How often a request is tried, as in the hosts.
const TRIES_MAX: u32 = 3;

/// Settings for services by their names (`SQS`, `Scheduler`, `S3`, `DynamoDB`), each at its address.
#[must_use]
pub fn settings(endpoints: &[(&str, String)]) -> SdkConfig {
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(client)
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).build())
        .service_config(Endpoints::new(endpoints))
        .build()
}

/// Addresses by service, where the SDKs look for them.
#[derive(Debug)]
struct Endpoints(BTreeMap<String, String>);

impl Endpoints {
    fn new(endpoints: &[(&str, String)]) -> Self {
        let by_name = endpoints
            .iter()
            .map(|(service, url)| (service.to_lowercase(), url.clone()));
        Self(by_name.collect())
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let is_endpoint = key.profile() == "endpoint_url";
        is_endpoint.then(|| self.0.get(&key.service_id().to_lowercase()).cloned())?
    }
}
