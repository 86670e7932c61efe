//! Where the executions are that a verb speaks of: in a store, or behind a server's address.

use std::path::{Path, PathBuf};

use clap::Args;

/// Where the store is if nobody says anything else.
const DEFAULT: &str = ".stepwell";
/// The variables that say the same as the options; the options come first, then the server.
const STORE: &str = "STEPWELL_STORE";
const ENDPOINT: &str = "STEPWELL_ENDPOINT";
/// The token that a server is asked with; no option, which everybody on the machine could read.
const TOKEN: &str = "STEPWELL_TOKEN";

/// Where executions are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the store of this directory.
    Store(PathBuf),
    /// Behind a server.
    Endpoint(Endpoint),
}

/// A server, and what it is asked with.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address, such as `http://127.0.0.1:7700`.
    pub url: String,
    /// The token, if there is one.
    pub token: Option<String>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The options that every verb with executions has.
#[derive(Args, Debug, Clone)]
pub(crate) struct PlaceArgument {
    /// The directory of the store [env: STEPWELL_STORE] [default: .stepwell]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// A server instead of a store; its token stands in STEPWELL_TOKEN [env: STEPWELL_ENDPOINT]
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    endpoint: Option<String>,
}

/// The option of a verb that works in a store alone.
#[derive(Args, Debug, Clone)]
pub(crate) struct StoreArgument {
    /// The directory of the store
    #[arg(long, value_name = "DIR", env = STORE, default_value = DEFAULT, hide_env_values = true)]
    pub(crate) store: PathBuf,
}

impl PlaceArgument {
    pub(crate) fn place(&self) -> Place {
        self.place_in(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn place_in(&self, variable: impl Fn(&str) -> Option<String>) -> Place {
        let endpoint = self.endpoint.clone().or_else(|| match self.store {
            Some(_) => None,
            None => variable(ENDPOINT),
        });
        match endpoint {
            Some(url) => Place::Endpoint(Endpoint {
                url: url.trim_end_matches('/').to_owned(),
                token: variable(TOKEN),
            }),
            None => Place::Store(self.folder_in(variable)),
        }
    }

    /// The directory of the store, whether or not a server is asked.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder_in(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn folder_in(&self, variable: impl Fn(&str) -> Option<String>) -> PathBuf {
        let told = || variable(STORE).map(PathBuf::from);
        self.store.clone().or_else(told).unwrap_or_else(|| DEFAULT.into())
    }
}

impl Place {
    /// `--store DIR` or `--endpoint URL`, where it is needed to find the same executions again.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Store(store) if store == Path::new(DEFAULT) => String::new(),
            Self::Store(store) => format!(" --store {}", word(store)),
            Self::Endpoint(endpoint) => format!(" --endpoint {}", word(Path::new(&endpoint.url))),
        }
    }

    /// The directory of a store that is not there yet.
    pub(crate) fn missing_store(&self) -> Option<&Path> {
        match self {
            Self::Store(store) => Some(store.as_path()).filter(|store| !store.is_dir()),
            Self::Endpoint(_) => None,
        }
    }
}

/// A path as a word of a shell.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "/._-+=:,@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_words_of_a_shell() {
        assert_eq!(word(Path::new("a/b-c.yaml")), "a/b-c.yaml");
        assert_eq!(word(Path::new("my flow's.yaml")), r"'my flow'\''s.yaml'");
    }

    #[test]
    fn options_come_before_variables_and_servers_before_stores() {
        let place = |store: Option<&str>, endpoint: Option<&str>, set: &[(&str, &str)]| {
            let argument = PlaceArgument {
                store: store.map(PathBuf::from),
                endpoint: endpoint.map(str::to_owned),
            };
            let value = |name: &str| {
                set.iter()
                    .find(|(own, _)| *own == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            argument.place_in(value)
        };
        let server = |url: &str, token: Option<&str>| {
            Place::Endpoint(Endpoint {
                url: url.to_owned(),
                token: token.map(str::to_owned),
            })
        };
        let both = [(STORE, "s"), (ENDPOINT, "http://h/"), (TOKEN, "t")];
        assert_eq!(place(None, None, &both), server("http://h", Some("t")));
        assert_eq!(place(Some("d"), None, &both), Place::Store("d".into()));
        assert_eq!(place(None, Some("https://o"), &both[..2]), server("https://o", None));
        assert_eq!(place(None, None, &both[..1]), Place::Store("s".into()));
        assert_eq!(place(None, None, &[]), Place::Store(DEFAULT.into()));
        assert!(!format!("{:?}", place(None, None, &both)).contains("\"t\""));
        let words = [
            server("http://h:1", None),
            Place::Store("d".into()),
            Place::Store(DEFAULT.into()),
        ];
        assert_eq!(
            words.map(|place| place.words()),
            [" --endpoint http://h:1", " --store d", ""]
        );
    }
}
