//! What may go wrong between this adapter and the services.
//!
//! **Invariant:** an error is judged by its modelled type; where the service did not model it, by its status.

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::SdkError;
use stepwell_ports::Remedy;

use crate::message::DecodeError;

/// A service did not do it, or is not known to have done it.
#[derive(Debug, thiserror::Error)]
pub enum AwsWakesError {
    /// There were too many requests.
    #[error("throttled while {during}")]
    Throttled {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// It is not known whether it was done: no answer came, or the service failed.
    #[error("no answer while {during}")]
    Unanswered {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The request will be refused again: a setting or a permission is wrong.
    #[error("refused while {during}")]
    Refused {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The message is no longer this receiver's: it was acknowledged, or is handed out to others.
    #[error("the message is gone while {during}")]
    Gone {
        /// What was being done.
        during: &'static str,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// No message can say it.
    #[error("a wake that cannot be sent")]
    Unsendable(#[from] DecodeError),
}

/// What a service said, or why nothing was heard of it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a modelled error of an operation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Throttled,
    Failed,
    Refused,
    Gone,
    /// The operation does not model it.
    Unmodelled,
}

impl AwsWakesError {
    /// What the caller may do.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Throttled { .. } | Self::Unanswered { .. } => Remedy::Retry,
            Self::Gone { .. } => Remedy::Reload,
            Self::Refused { .. } | Self::Unsendable(_) => Remedy::GiveUp,
        }
    }

    /// Judges what an SDK says.
    pub(crate) fn of<E>(during: &'static str, error: SdkError<E, HttpResponse>, meaning: impl Fn(&E) -> Meaning) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let meant = judge(&error, meaning);
        Self::meant(meant, during, error)
    }

    /// The error that means this.
    pub(crate) fn meant(meaning: Meaning, during: &'static str, source: impl Into<Cause>) -> Self {
        let source = source.into();
        match meaning {
            Meaning::Throttled => Self::Throttled { during, source },
            Meaning::Refused => Self::Refused { during, source },
            Meaning::Gone => Self::Gone { during, source },
            Meaning::Failed | Meaning::Unmodelled => Self::Unanswered { during, source },
        }
    }
}

/// What an SDK's error means.
pub(crate) fn judge<E>(error: &SdkError<E, HttpResponse>, meaning: impl Fn(&E) -> Meaning) -> Meaning {
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return Meaning::Refused;
    }
    match error.as_service_error().map(meaning) {
        Some(Meaning::Unmodelled) => error.raw_response().map_or(Meaning::Failed, by_status),
        Some(other @ (Meaning::Throttled | Meaning::Failed | Meaning::Refused | Meaning::Gone)) => other,
        None => Meaning::Failed,
    }
}

/// What a service means by an error that its operation does not model, such as a permission that is missing.
fn by_status(response: &HttpResponse) -> Meaning {
    match response.status().as_u16() {
        429 | 503 => Meaning::Throttled,
        400..500 => Meaning::Refused,
        _ => Meaning::Failed,
    }
}
