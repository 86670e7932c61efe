//! What is computed is what the table says.

use stepwell_ports::{Catalogue, Due, ExecutionRow, Log};

use super::world::{World, entry, key, noise};
use crate::item::{ITEM_BYTES_MAX, Item, read_units, record, scope, write_units};
use crate::{DynamoStore, Spent};

/// Names, keys and a number beside the body.
const OVERHEAD: usize = 18 + 9 + 1 + 7;

#[tokio::test]
async fn write_units_are_those_of_the_table() {
    let world = World::start().await;
    let table = world.bare().table;
    let times = [1_799_342_191, 1_799_342_190, 1_799_342_100, 1_800_000_000, 1, u64::MAX];
    let mut revision = 0;
    for units in [1, 2, 3, 50, 400] {
        for expires in times {
            for over in [0, 1] {
                let whole = Item::new(scope(&key("flow/units", "")), record(1), Vec::new(), Some(expires));
                let body = (units << 10) - whole.bytes() + over;
                if body + whole.bytes() > ITEM_BYTES_MAX {
                    continue;
                }
                revision += 1;
                let item = Item::new(
                    scope(&key("flow/units", "")),
                    record(revision),
                    noise(body),
                    Some(expires),
                );
                let computed = write_units(item.bytes());
                let answer = table.put_request(item).send().await.unwrap();
                let said = answer.consumed_capacity().unwrap().capacity_units();
                assert_eq!(said, Some(f64::from(computed)), "{units} {expires} {over}");
                assert_eq!(computed as usize, units + over);
            }
        }
    }
}

#[tokio::test]
async fn every_call_is_metered() {
    let world = World::start().await;
    let (store, key) = (world.store(), key("flow/metered", "1.2"));
    let mut before = Spent::default();
    for (revision, bytes) in [(1, 10), (2, 2000), (3, 4000)] {
        let entry = entry(&key, revision, noise(bytes));
        store.append(entry, Due::Keep).await.unwrap();
        let item_bytes = bytes + 1 + OVERHEAD;
        let expected = Spent {
            write_units: f64::from(write_units(item_bytes)),
            requests: 1,
            items: 1,
            bytes: item_bytes as u64,
            ..Spent::default()
        };
        assert_eq!(spent(&store, &mut before), expected);
    }
    // One of 2,000 bytes in the place of one of 2,000 bytes.
    store.append(entry(&key, 2, noise(10)), Due::Keep).await.unwrap_err();
    let lost = Spent {
        write_units: 2.0,
        requests: 1,
        lost_writes: 1,
        ..Spent::default()
    };
    assert_eq!(spent(&store, &mut before), lost);
    let read = |read_units| Spent {
        read_units,
        requests: 1,
        ..Spent::default()
    };
    store.last(&key).await.unwrap();
    assert_eq!(spent(&store, &mut before), read(f64::from(read_units(4001 + OVERHEAD))));
    store.range(&key, 1, usize::MAX).await.unwrap();
    let all = 10 + 2000 + 4000 + 3 * (1 + OVERHEAD);
    assert_eq!(spent(&store, &mut before), read(f64::from(read_units(all))));
    store.range(&key, 1, 0).await.unwrap();
    assert_eq!(spent(&store, &mut before), Spent::default());
}

#[tokio::test]
async fn a_row_and_a_blob_cost_one_unit_each() {
    let world = World::start().await;
    let store = world.store();
    let mut before = Spent::default();
    let row = ExecutionRow {
        execution: "order/17".into(),
        status: "Running".into(),
        started_ms: 1_795_454_191_555,
        ended_ms: None,
    };
    store.index(row).await.unwrap();
    let row = spent(&store, &mut before);
    assert_eq!((row.write_units, row.requests), (1.0, 1));
    store.put("model/abc", "small".into()).await.unwrap();
    let blob = spent(&store, &mut before);
    assert_eq!((blob.write_units, blob.read_units, blob.requests), (1.0, 1.0, 2));
    store.put("model/abc", "other".into()).await.unwrap();
    let again = spent(&store, &mut before);
    assert_eq!((again.write_units, again.read_units, again.requests), (0.0, 1.0, 1));
}

/// What was spent since the last look.
fn spent(store: &DynamoStore, before: &mut Spent) -> Spent {
    let now = store.spent();
    let since = Spent {
        write_units: now.write_units - before.write_units,
        read_units: now.read_units - before.read_units,
        requests: now.requests - before.requests,
        lost_writes: now.lost_writes - before.lost_writes,
        items: now.items - before.items,
        bytes: now.bytes - before.bytes,
    };
    *before = now;
    since
}
