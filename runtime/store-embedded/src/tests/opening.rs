//! What may be opened, and what is said of what may not.

use std::fs;
use std::path::Path;

use futures::executor::block_on;
use redb::{Database, TableDefinition};
use stepwell_ports::{Due, Log};

use super::{entry, key};
use crate::layout::{FORMAT_KEY, META};
use crate::{EmbeddedStore, OpenError, Options};

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let refused = open(dir.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        format!("the store `{}` is open in another process", dir.path().display())
    );
    let clone = store.clone();
    drop(store);
    assert!(matches!(open(dir.path()), Err(OpenError::Locked { .. })));
    drop(clone);
    open(dir.path()).unwrap();
}

#[test]
fn a_store_of_another_format_is_refused_by_both_numbers() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let file = dir.path().join("store.redb");
    write(&file, META, FORMAT_KEY, 7);
    let refused = open(dir.path()).unwrap_err().to_string();
    let expected = format!(
        "the store `{}` has format 7; this program reads and writes format 1",
        file.display()
    );
    assert_eq!(refused, expected);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    for body in ["", "x", "hello, this is my diary\n", &"0".repeat(100_000)] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.redb");
        fs::write(&file, body).unwrap();
        let refused = open(dir.path()).unwrap_err();
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), body);
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let others: [TableDefinition<'_, &str, u64>; 2] = [TableDefinition::new("cakes"), TableDefinition::new("meta")];
    for table in others {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("store.redb"), table, "sponge", 3);
        let refused = open(dir.path()).unwrap_err();
        assert!(
            matches!(
                refused,
                OpenError::Foreign {
                    why: "it names no format",
                    ..
                }
            ),
            "{refused:?}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    drop(Database::create(dir.path().join("store.redb")).unwrap());
    let refused = open(dir.path()).unwrap_err();
    assert!(
        matches!(
            refused,
            OpenError::Foreign {
                why: "it names no format",
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_file_is_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let refused = open(&path).unwrap_err();
        assert!(matches!(refused, OpenError::Directory { .. }), "{refused:?}");
    }
}

#[test]
fn a_store_whose_making_was_cut_off_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("store.redb.new"), [7; 5000]).unwrap();
    let store = open(dir.path()).unwrap();
    block_on(store.append(entry("", 1), Due::Never)).unwrap();
    assert_eq!(block_on(store.last(&key(""))).unwrap(), Some(entry("", 1)));
    assert!(!dir.path().join("store.redb.new").exists());
}

fn open(dir: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(dir, Options::default())
}

fn write(file: &Path, table: TableDefinition<'_, &'static str, u64>, name: &'static str, value: u64) {
    let database = Database::create(file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(name, value).unwrap();
    transaction.commit().unwrap();
}
