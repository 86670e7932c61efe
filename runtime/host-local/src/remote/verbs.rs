//! Every verb but a run, as requests to a server; what comes back is what a store would have answered.

use std::sync::Arc;

use anyhow::anyhow;
use http::Method;
use stepwell_api::{STOPPED, service};
use stepwell_cli::HostError;
use stepwell_wire::api::{ExecutionBody, ExecutionsPage, HistoryPage, ReportBody};
use stepwell_wire::output::{Description, Failure, HistoryEvent, Row};
use stepwell_wire::{Answer, Request};

use super::exchange::{Exchange, Sent, Unasked, encoded};
use crate::runs::unanswered;

impl Exchange {
    /// Has a request answered by the server.
    pub(crate) async fn call(&self, request: Request) -> Result<Vec<Answer>, HostError> {
        match request {
            Request::Run(_) => Err(anyhow!("a run was asked for as a single answer").into()),
            Request::History { execution } => {
                let path = path(&self.find(&execution).await?);
                Ok(vec![Answer::HistoryPart(self.history(&path).await?), Answer::Done])
            }
            Request::Describe { execution } => {
                let path = path(&self.find(&execution).await?);
                let description = self.describe(&path).await?;
                Ok(vec![Answer::Description(Box::new(description))])
            }
            Request::List => {
                let mut rows = self.rows("").await?;
                rows.sort_by(|left, right| (right.started_ms, &left.name).cmp(&(left.started_ms, &right.name)));
                Ok(vec![Answer::RowsPart(rows), Answer::Done])
            }
            Request::Stop { execution } => {
                let path = path(&self.find(&execution).await?);
                let reason = Failure {
                    code: STOPPED.0.to_owned(),
                    detail: STOPPED.1.to_owned(),
                };
                self.send(Method::POST, &format!("{path}/stop"), Sent::json(&reason)?)
                    .await?;
                Ok(vec![Answer::Done])
            }
            Request::Report { token, report } => {
                let body = Sent::json(&ReportBody::new(token, report))?;
                self.send(Method::POST, "/v1/reports", body).await?;
                Ok(vec![Answer::Done])
            }
        }
    }

    /// How an execution stands, and what it has cost.
    pub(super) async fn describe(&self, path: &str) -> Result<Description, HostError> {
        let body: ExecutionBody = self.get(&format!("{path}?cost=true")).await?;
        Ok(body.into())
    }

    /// A page of a history, behind what was seen before.
    pub(super) async fn page(&self, path: &str, next: Option<&str>) -> Result<HistoryPage, Unasked> {
        let next = next.map(|next| format!("&next={}", encoded(next))).unwrap_or_default();
        self.get(&format!("{path}/history?count=1000{next}")).await
    }

    /// What is settled of a history now.
    async fn history(&self, path: &str) -> Result<Vec<HistoryEvent>, HostError> {
        let mut events = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self.page(path, next.as_deref()).await?;
            let is_over = page.next.is_none() || page.events.is_empty();
            events.extend(page.events);
            next = page.next;
            if is_over {
                return Ok(events);
            }
        }
    }

    /// All executions that fit a filter.
    async fn rows(&self, filter: &str) -> Result<Vec<Row>, HostError> {
        let mut rows = Vec::new();
        let mut next = String::new();
        loop {
            let page: ExecutionsPage = self.get(&format!("/v1/executions?count=1000{filter}{next}")).await?;
            rows.extend(page.executions);
            match page.next {
                Some(mark) => next = format!("&next={}", encoded(&mark)),
                None => return Ok(rows),
            }
        }
    }

    /// The one execution that a user's name means: `flow/name`, or a name that only one flow has.
    async fn find(&self, name: &str) -> Result<Arc<str>, HostError> {
        if name.contains('/') {
            return Ok(name.into());
        }
        let rows = self.rows(&format!("&name={}", encoded(name))).await?;
        let found = rows.iter().map(|row| format!("{}/{}", row.flow, row.name).into());
        service::only(name, found.collect()).map_err(unanswered)
    }
}

/// The path of an execution.
pub(super) fn path(execution: &str) -> String {
    let (flow, name) = execution.rsplit_once('/').unwrap_or(("", execution));
    format!("/v1/flows/{}/executions/{}", encoded(flow), encoded(name))
}
