//! The thread that checks texts and publishes what it finds.
//!
//! **Invariant:** it always checks the latest state of a text, once for all the changes that came since it last looked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use futures::executor::block_on;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::Uri;

use crate::diagnostics;
use crate::documents::Documents;

/// Asks for texts to be checked.
#[derive(Clone, Debug)]
pub(crate) struct Asking(Sender<Uri>);

/// The thread; it ends once nobody can ask any more.
pub(crate) type Checking = JoinHandle<()>;

impl Asking {
    /// Has a text checked soon.
    pub(crate) fn check(&self, uri: Uri) {
        // Without the thread the program is about to end.
        _ = self.0.send(uri);
    }
}

/// Starts the thread.
pub(crate) fn start(documents: Arc<Documents>, client: Client) -> (Asking, Checking) {
    let (sender, asked) = mpsc::channel();
    let checking = thread::spawn(move || check(&asked, &documents, &client));
    (Asking(sender), checking)
}

fn check(asked: &Receiver<Uri>, documents: &Documents, client: &Client) {
    while let Some(due) = due(asked) {
        for uri in due {
            let (found, version) = match documents.latest(&uri) {
                Some(document) => (diagnostics::of(&uri, &document, documents), Some(document.version)),
                // What was said of a text that is closed is taken back.
                None => (Vec::new(), None),
            };
            block_on(client.publish_diagnostics(uri, found, version));
        }
    }
}

/// Waits for what is to be checked: everything that was asked for meanwhile, each text once. Nothing once nobody asks.
fn due(asked: &Receiver<Uri>) -> Option<BTreeSet<Uri>> {
    let first = asked.recv().ok()?;
    Some(std::iter::once(first).chain(asked.try_iter()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked_once_however_often_it_was_asked_for() {
        let (sender, asked) = mpsc::channel();
        let [a, b] = ["file:///a", "file:///b"].map(|uri| uri.parse::<Uri>().unwrap());
        let asking = Asking(sender);
        for uri in [&a, &b, &a, &a] {
            asking.check(uri.clone());
        }
        assert_eq!(due(&asked), Some(BTreeSet::from([a, b])));
        drop(asking);
        assert_eq!(due(&asked), None);
    }
}
