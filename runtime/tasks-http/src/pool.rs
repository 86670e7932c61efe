//! Connections at rest, to be used again.
//!
//! A connection is used again only after it has rested for a moment and only while it is young: a server that closes
//! after its answer has done so by then, and one that closes idle connections has not yet. A request that meets a
//! closing connection would fail without anybody knowing whether it was served.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stepwell_egress::{Destination, Host, Scheme};
use tokio::time::Instant;

use crate::connection::Connection;

const REST_MIN: Duration = Duration::from_millis(5);
const REST_MAX: Duration = Duration::from_secs(2);
const PER_PLACE_MAX: usize = 32;
const PLACES_MAX: usize = 256;

/// What two requests must share to share a connection: the admitted address, and over TLS the name that the
/// certificate was checked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    address: SocketAddr,
    certified: Option<Host>,
}

impl Place {
    pub(crate) fn new(destination: &Destination, address: SocketAddr) -> Self {
        let certified = match destination.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(destination.host.clone()),
        };
        Self { address, certified }
    }
}

/// The connections at rest.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Guards this one field; never held across an await.
    resting: Mutex<BTreeMap<Place, VecDeque<(Instant, Connection)>>>,
}

impl Pool {
    /// Takes out the connection to `place` that has rested longest, if it may be used again.
    pub(crate) fn take(&self, place: &Place) -> Option<Connection> {
        let mut resting = self.lock();
        let queue = resting.get_mut(place)?;
        while let Some((since, connection)) = queue.pop_front() {
            if since.elapsed() < REST_MIN {
                queue.push_front((since, connection));
                return None;
            }
            if since.elapsed() <= REST_MAX && connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    /// Lays a connection to rest, and drops those that have rested for too long.
    pub(crate) fn put(&self, place: Place, connection: Connection) {
        let mut resting = self.lock();
        resting.retain(|_, queue| {
            queue.retain(|(since, connection)| since.elapsed() <= REST_MAX && connection.is_open());
            !queue.is_empty()
        });
        if resting.len() >= PLACES_MAX && !resting.contains_key(&place) {
            return;
        }
        let queue = resting.entry(place).or_default();
        if queue.len() < PER_PLACE_MAX {
            queue.push_back((Instant::now(), connection));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, VecDeque<(Instant, Connection)>>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
