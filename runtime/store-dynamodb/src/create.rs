//! Making the table: for tests and local clouds; a deployment's template makes its own.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BoxError, BuildError};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

use crate::item::{PARTITION, SORT};

/// Why a table could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the table `{table}` could not be made")]
pub struct CreateError {
    /// Its name.
    pub table: String,
    /// The cause.
    #[source]
    pub source: BoxError,
}

/// Makes an empty table, paid by request: `p` HASH and `s` RANGE, both binary. Expiry by `x` is not switched on.
///
/// # Errors
///
/// [`CreateError`] where there is one of that name, or it cannot be made.
pub async fn create_table(config: &SdkConfig, name: &str) -> Result<(), CreateError> {
    let failed = |source: BoxError| CreateError {
        table: name.to_owned(),
        source,
    };
    let mut request = Client::new(config).create_table().table_name(name);
    for (attribute, kind) in [(PARTITION, KeyType::Hash), (SORT, KeyType::Range)] {
        let (definition, key) = key(attribute, kind).map_err(|error| failed(error.into()))?;
        request = request.attribute_definitions(definition).key_schema(key);
    }
    let answer = request.billing_mode(BillingMode::PayPerRequest).send().await;
    answer.map(drop).map_err(|error| failed(error.into()))
}

fn key(attribute: &str, kind: KeyType) -> Result<(AttributeDefinition, KeySchemaElement), BuildError> {
    let definition = AttributeDefinition::builder().attribute_name(attribute);
    let definition = definition.attribute_type(ScalarAttributeType::B).build()?;
    let key = KeySchemaElement::builder().attribute_name(attribute);
    Ok((definition, key.key_type(kind).build()?))
}
