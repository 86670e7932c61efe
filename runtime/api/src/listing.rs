//! The executions, page by page.

use std::sync::Arc;

use stepwell_ports::ExecutionRow;
use stepwell_wire::api::ExecutionsPage;
use stepwell_wire::output::Status;

use crate::body::Reply;
use crate::fault::Fault;
use crate::pages;
use crate::query::COUNT_MAX;
use crate::router::{Call, Router};
use crate::told::row;

/// Which executions are wanted.
struct Wanted<'q> {
    flow: Option<&'q str>,
    name: Option<&'q str>,
    status: Option<Status>,
}

impl Router {
    /// Lists executions by flow and name.
    pub(crate) async fn list(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let wanted = Wanted::of(call)?;
        let count = call.query.count()?;
        let list = wanted.list();
        let after: Option<String> = match call.query.text("next") {
            Some(next) => Some(pages::place(&list, next)?),
            None => wanted.flow.map(|flow| format!("{flow}/")),
        };
        // Where few of many are wanted, many are looked at.
        let looked_at = if wanted.is_rare() { COUNT_MAX } else { count };
        let is_wanted = |execution: &str| wanted.is_called(execution);
        let page = self.engine.page(after.as_deref(), looked_at, is_wanted).await?;
        let mut rows: Vec<ExecutionRow> = page.rows.into_iter().filter(|row| wanted.stands(row)).collect();
        let next = match rows.len() > count {
            true => rows.get(count - 1).map(|row| row.execution.clone()),
            false => page.last.filter(|last| wanted.goes_on_behind(last)),
        };
        rows.truncate(count);
        Reply::json(&ExecutionsPage {
            executions: rows.iter().map(row).collect(),
            next: next.map(|at: Arc<str>| pages::mark(&list, at)).transpose()?,
        })
    }
}

impl<'q> Wanted<'q> {
    fn of(call: &'q Call<'_>) -> Result<Self, Fault> {
        let all = [
            Status::Running,
            Status::Succeeded,
            Status::Failed,
            Status::Stopped,
            Status::TimedOut,
        ];
        let named = |name: &str| {
            let found = all.into_iter().find(|status| status.name() == name);
            found.ok_or_else(|| Fault::invalid(format!("`status` is {}", all.map(Status::name).join(", "))))
        };
        let flow = call.query.text("flow");
        if flow.is_some_and(|flow| flow.is_empty() || flow.contains('/')) {
            return Err(Fault::invalid("`flow` is the name of a flow"));
        }
        Ok(Self {
            flow,
            name: call.query.text("name"),
            status: call.query.text("status").map(named).transpose()?,
        })
    }

    /// What the marks of this list say of it.
    fn list(&self) -> String {
        let status = self.status.map(Status::name);
        format!("executions {:?} {:?} {status:?}", self.flow, self.name)
    }

    fn is_rare(&self) -> bool {
        self.name.is_some() || self.status.is_some()
    }

    fn is_called(&self, execution: &str) -> bool {
        let (flow, name) = execution.rsplit_once('/').unwrap_or(("", execution));
        self.flow.is_none_or(|wanted| wanted == flow) && self.name.is_none_or(|wanted| wanted == name)
    }

    fn stands(&self, row: &ExecutionRow) -> bool {
        self.status.is_none_or(|status| status.name() == &*row.status)
    }

    /// Whether others of the flow can follow, which stand together in the index.
    fn goes_on_behind(&self, last: &str) -> bool {
        self.flow
            .is_none_or(|flow| last.strip_prefix(flow).is_some_and(|rest| rest.starts_with('/')))
    }
}
