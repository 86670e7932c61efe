//! Completing tasks that wait for somebody.

use stepwell_wire::api::ReportBody;

use crate::body::{self, Reply};
use crate::fault::Fault;
use crate::router::{Call, Router};
use crate::told::reported;

impl Router {
    /// Completes a waiting task by its token.
    pub(crate) async fn report(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let body: ReportBody = body::read(call.headers, call.body)?;
        let reported_with = body.into_report();
        let (token, report) = reported_with.ok_or_else(|| Fault::invalid("a report has an `output` or an `error`"))?;
        report.check().map_err(Fault::invalid)?;
        self.engine.report(&token, reported(report)).await?;
        Ok(Reply::done())
    }
}
