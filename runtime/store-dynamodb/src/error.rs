//! What DynamoDB's errors mean for the caller.
//!
//! **Invariant:** decided by the type of the error and the answer's status, never by a text.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use stepwell_ports::{LogError, ObjectsError};

use crate::body::Unreadable;

/// The status of an answer that asks for fewer requests.
const TOO_MANY_REQUESTS: u16 = 429;

/// An operation's own errors.
pub(crate) trait Modelled: std::error::Error + Send + Sync + 'static {
    /// Whether the same request may succeed later.
    fn passes(&self) -> bool;
}

macro_rules! modelled {
    ($($error:ty),*) => {
        $(impl Modelled for $error {
            fn passes(&self) -> bool {
                self.is_internal_server_error()
                    || self.is_provisioned_throughput_exceeded_exception()
                    || self.is_request_limit_exceeded()
                    || self.is_throttling_exception()
            }
        })*
    };
}

modelled!(GetItemError, QueryError);

macro_rules! modelled_write {
    ($($error:ty),*) => {
        $(impl Modelled for $error {
            fn passes(&self) -> bool {
                self.is_internal_server_error()
                    || self.is_provisioned_throughput_exceeded_exception()
                    || self.is_request_limit_exceeded()
                    || self.is_throttling_exception()
                    || self.is_transaction_conflict_exception()
                    || self.is_replicated_write_conflict_exception()
            }
        })*
    };
}

modelled_write!(PutItemError, UpdateItemError);

/// The port's error for a request that did not come to its end.
pub(crate) fn failed<E: Modelled>(during: &'static str, error: SdkError<E>) -> LogError {
    let passes = passes(&error);
    let source = Box::new(error);
    match passes {
        true => LogError::Store { during, source },
        false => LogError::Refused { during, source },
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's errors are open: whatever else there is says nothing about the next try"
)]
fn passes<E: Modelled>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::DispatchFailure(failure) => !failure.is_user(),
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status();
            answer.err().passes() || status.is_server_error() || status.as_u16() == TOO_MANY_REQUESTS
        }
        // No answer in time, or one that cannot be read: it says nothing about the next.
        _ => true,
    }
}

/// The port's error for what is stored and cannot be read.
pub(crate) fn unreadable(during: &'static str) -> impl Fn(Unreadable) -> LogError {
    move |error| LogError::Unreadable {
        during,
        source: Box::new(error),
    }
}

/// The port's error for a body that the object store has not taken or not given.
pub(crate) fn of_objects(during: &'static str) -> impl Fn(ObjectsError) -> LogError {
    move |error| match error {
        ObjectsError::NotFound { .. } => unreadable(during)(Unreadable::Gone),
        ObjectsError::BadName { .. } => LogError::Refused {
            during,
            source: Box::new(error),
        },
        ObjectsError::Store { .. } => LogError::Store {
            during,
            source: Box::new(error),
        },
    }
}
