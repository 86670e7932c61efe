//! The store, and the requests that it makes of the table.
//!
//! **Invariant:** every request of the crate is made here: a put, a get by key, a query of one partition, and a new
//! time to expire.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use stepwell_ports::{Clock, LogError, Objects, RENEWED_EVERY_MS};

use crate::error::{failed, unreadable};
use crate::item::{self, Item, PARTITION, SORT, Stored};
use crate::meter::{Attempts, Meter, Spent};
use crate::retention::Retention;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The table's name.
    pub table: String,
    /// Says when what is written expires.
    pub clock: Arc<dyn Clock>,
    /// How long records are kept.
    pub retention: Retention,
    /// Takes records that are too large for an item, in the bucket [`RECORDS_BUCKET`](crate::RECORDS_BUCKET).
    pub objects: Option<Arc<dyn Objects>>,
}

impl Options {
    /// A table with the default retention, and nothing for what is too large.
    #[must_use]
    pub fn new(table: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            table: table.to_owned(),
            clock,
            retention: Retention::default(),
            objects: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Options");
        shown.field("table", &self.table).field("retention", &self.retention);
        shown.finish_non_exhaustive()
    }
}

/// Logs and a catalogue in one table; clones are the same store.
#[derive(Clone)]
pub struct DynamoStore {
    pub(crate) table: Arc<Table>,
}

impl DynamoStore {
    /// A store over a table that exists; nothing is asked of it yet.
    #[must_use]
    pub fn new(config: &SdkConfig, options: Options) -> Self {
        let meter = Arc::new(Meter::default());
        let settings = aws_sdk_dynamodb::config::Builder::from(config).interceptor(Attempts(meter.clone()));
        let table = Table {
            client: Client::from_conf(settings.build()),
            meter,
            options,
        };
        Self { table: Arc::new(table) }
    }

    /// What was spent since the store was made.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.table.meter.spent()
    }
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("DynamoStore");
        shown.field("options", &self.table.options).finish_non_exhaustive()
    }
}

/// The table.
pub(crate) struct Table {
    client: Client,
    meter: Arc<Meter>,
    pub(crate) options: Options,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Written,
    /// Another one stands there.
    Taken,
}

/// Which of a partition's items are read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// Items of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) partition: Vec<u8>,
    /// The lowest sort key; empty for all.
    pub(crate) from: Vec<u8>,
    pub(crate) order: Order,
    /// The most that are read.
    pub(crate) count_max: usize,
}

/// Some of a span's items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) items: Vec<Stored>,
    /// Whether these were all.
    pub(crate) is_last: bool,
}

impl Table {
    /// When what is written now expires.
    pub(crate) fn expires(&self) -> u64 {
        self.options.retention.expires(self.options.clock.now())
    }

    /// Whether an item was written or renewed so long ago that it is renewed again.
    pub(crate) fn is_old(&self, stored: &Stored) -> bool {
        let recent = self
            .options
            .retention
            .expires(self.options.clock.now().saturating_sub(RENEWED_EVERY_MS));
        stored.expires.is_some_and(|expires| expires <= recent)
    }

    /// Has an item expire as if it were written now; one that is gone meanwhile stays so.
    pub(crate) async fn renew(
        &self,
        during: &'static str,
        partition: Vec<u8>,
        stored: &Stored,
    ) -> Result<(), LogError> {
        let request = self.client.update_item().table_name(&self.options.table);
        let request = request.key(PARTITION, item::binary(partition));
        let request = request.key(SORT, item::binary(stored.sort.clone()));
        let request = request
            .update_expression("SET x = :x")
            .condition_expression("attribute_exists(p)");
        let request = request.expression_attribute_values(":x", AttributeValue::N(self.expires().to_string()));
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let units = item::write_units(stored.bytes());
        match request.send().await {
            Ok(answer) => self.meter.wrote(0, units, answer.consumed_capacity()),
            Err(error) if is_gone(&error) => self.meter.lost(units),
            Err(error) => return Err(failed(during, error)),
        }
        Ok(())
    }

    /// Writes an item if its key is not there.
    pub(crate) async fn put_new(&self, during: &'static str, item: Item) -> Result<Put, LogError> {
        let bytes = item.bytes();
        let request = self.put_request(item).condition_expression("attribute_not_exists(p)");
        // The cost of a write that loses is that of the larger item, and the other one comes at no price.
        let request = request.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => {
                let units = item::write_units(bytes);
                self.meter.wrote(bytes, units, answer.consumed_capacity());
                Ok(Put::Written)
            }
            Err(error) => match taken_by(&error) {
                Some(other) => {
                    self.meter.lost(item::write_units(bytes.max(other)));
                    Ok(Put::Taken)
                }
                None => Err(failed(during, error)),
            },
        }
    }

    /// Writes an item, whatever stands there.
    pub(crate) async fn put(&self, during: &'static str, item: Item) -> Result<(), LogError> {
        let bytes = item.bytes();
        let answer = self.put_request(item).send().await;
        let answer = answer.map_err(|error| failed(during, error))?;
        let units = item::write_units(bytes);
        self.meter.wrote(bytes, units, answer.consumed_capacity());
        Ok(())
    }

    pub(crate) fn put_request(&self, item: Item) -> PutItemFluentBuilder {
        let request = self.client.put_item().table_name(&self.options.table);
        let request = request.set_item(Some(item.into_attributes()));
        request.return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Reads an item, strongly consistent.
    pub(crate) async fn get(
        &self,
        during: &'static str,
        partition: Vec<u8>,
        sort: Vec<u8>,
    ) -> Result<Option<Stored>, LogError> {
        let request = self.client.get_item().table_name(&self.options.table);
        let request = request.key(PARTITION, item::binary(partition));
        let request = request.key(SORT, item::binary(sort)).consistent_read(true);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = request.send().await.map_err(|error| failed(during, error))?;
        let bytes = answer.item().map_or(0, item::bytes);
        let units = item::read_units(bytes);
        self.meter.read(units, answer.consumed_capacity());
        let stored = answer.item.map(Stored::read).transpose();
        stored.map_err(unreadable(during))
    }

    /// Reads items in order of their sort keys, strongly consistent: as many as DynamoDB gives at once.
    pub(crate) async fn page(&self, during: &'static str, span: Span) -> Result<Page, LogError> {
        let mut request = self
            .client
            .query()
            .table_name(&self.options.table)
            .consistent_read(true);
        request = request.expression_attribute_values(":p", item::binary(span.partition));
        request = match span.from.is_empty() {
            true => request.key_condition_expression("p = :p"),
            false => request
                .key_condition_expression("p = :p AND s >= :s")
                .expression_attribute_values(":s", item::binary(span.from)),
        };
        request = request.scan_index_forward(span.order == Order::Ascending);
        request = request.limit(i32::try_from(span.count_max).unwrap_or(i32::MAX));
        request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = request.send().await.map_err(|error| failed(during, error))?;
        let bytes = answer.items().iter().map(item::bytes).sum();
        let units = item::read_units(bytes);
        self.meter.read(units, answer.consumed_capacity());
        let is_last = answer.last_evaluated_key().is_none();
        let items = answer.items.unwrap_or_default().into_iter().map(Stored::read);
        let items = items.collect::<Result<_, _>>().map_err(unreadable(during))?;
        Ok(Page { items, is_last })
    }
}

fn is_gone(error: &SdkError<UpdateItemError>) -> bool {
    matches!(
        error.as_service_error(),
        Some(UpdateItemError::ConditionalCheckFailedException(_))
    )
}

/// The size of the item that stands in the way, if one does.
fn taken_by(error: &SdkError<PutItemError>) -> Option<usize> {
    if let PutItemError::ConditionalCheckFailedException(taken) = error.as_service_error()? {
        return Some(taken.item().map_or(0, item::bytes));
    }
    None
}
