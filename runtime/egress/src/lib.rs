//! The guard for everything that goes out: which hosts a task may reach, which addresses a name may lead to, which
//! redirects are followed, and where secrets are put in.
//!
//! ```text
//!   request ──► Trail::depart ──► Destination ──► DNS ──► Policy::admit_address ──► connection
//!      ▲        (host, port,                     (every answer)                        │
//!      │         headers, secrets)                                                     │
//!      └────────────── Trail::next_hop ◄──────────── response ◄────────────────────────┘
//!                      (at most five, each checked again)
//! ```
//!
//! The operator's grants decide, and nothing granted means that nothing is reached, public hosts included: a host is
//! reached only when it stands in the `http` list of a grant that covers flow, action and function. An `http:` function
//! of the registry is the one exception: its own URL is granted by standing there, and its redirects are not followed.
//!
//! A host that stands in the list may lead to these addresses:
//!
//! | address | reached through a listed name | reached as a listed address |
//! |---|---|---|
//! | public | yes | yes |
//! | loopback, private (RFC 1918), unique-local, shared (100.64.0.0/10) | yes | yes |
//! | link-local, metadata services, multicast, unspecified, broadcast, documentation, reserved | no | yes |
//!
//! So a name in somebody else's hands cannot lead to the metadata service of a cloud (`169.254.169.254`,
//! `169.254.170.2`, `100.100.100.200`, `168.63.129.16`, `192.0.0.192`, `fd00:ec2::254`, `fd20:ce::254`) by a changed
//! DNS answer: those are reached only when the address itself stands in the list. Addresses that carry another one
//! inside (IPv4-mapped, IPv4-compatible, NAT64, 6to4) count as the one they carry.
//!
//! **Invariant:** nothing is sent, resolved or read from the environment here, and no async runtime is named. Whoever
//! implements [`Outbound`] connects to no address that [`Policy::admit_address`] has not admitted for this request.

mod address;
mod headers;
mod host;
mod outbound;
mod policy;
mod redirect;
mod secrets;
mod url;

pub use host::Host;
pub use outbound::{Limits, Outbound, OutboundError};
pub use policy::{Asker, Policy, Redirects};
pub use redirect::{REDIRECTS_MAX, Trail};
pub use secrets::{SecretText, Secrets};
pub use url::{Destination, Scheme, parse_url};
