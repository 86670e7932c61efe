//! Records, reads and syncs of whole executions on the real engine and the real store.

use stepwell_bench::{
    Counts, FIVE, House, Keeping, Manner, chain, durable_points, input, map_flow, map_input, runtime_of_one_thread,
};

/// The lanes of the Maps here.
const LANES: u64 = 40;

/// What one execution asked of the store, with its durable points and the store's syncs.
#[derive(Debug)]
struct Counted {
    counts: Counts,
    points: u64,
    syncs: u64,
}

/// The second execution of a flow; the first one loads what is loaded once.
fn counted(keeping: Keeping, manner: Manner, definition: &str, items: Option<u64>) -> Counted {
    runtime_of_one_thread().block_on(async {
        let house = House::open_for_counting(keeping).await;
        let shape = house.keep(definition, manner.settings()).await;
        let input = || items.map_or_else(|| input(1), map_input);
        house.run(&shape, "first", input()).await;
        let (counts, syncs) = (house.counts(), house.stats().syncs);
        house.run(&shape, "second", input()).await;
        let (counts, syncs) = (house.counts().since(counts), house.stats().syncs - syncs);
        let history = house.engine().history(&format!("{}/second", shape.flow)).await;
        house.close().await;
        Counted {
            counts,
            points: durable_points(&history.unwrap(), manner, LANES),
            syncs,
        }
    })
}

/// What an execution writes beside its records: its row when it starts and when it ends, its entry in the due-time index.
fn beside(counts: Counts) -> (u64, u64, u64) {
    (counts.rows, counts.arms, counts.blobs)
}

#[test]
fn five_effects_take_six_records_and_a_sync_for_each_change_at_most() {
    let Counted { counts, points, syncs } = counted(Keeping::Fsync, Manner::Effects, FIVE, None);
    assert_eq!((counts.records, points, beside(counts)), (6, 6, (2, 1, 0)));
    assert!((6..=counts.writes()).contains(&syncs), "{syncs} syncs");
    assert!(counts.reads <= 2, "{} reads", counts.reads);
    assert!(counts.bytes <= 10_000, "{} bytes", counts.bytes);
}

#[test]
fn five_pure_tasks_take_two_records() {
    let Counted { counts, points, syncs } = counted(Keeping::Fsync, Manner::Pure, FIVE, None);
    assert_eq!((counts.records, points, beside(counts)), (2, 2, (2, 1, 0)));
    assert!((2..=counts.writes()).contains(&syncs), "{syncs} syncs");
    assert!(counts.reads <= 2, "{} reads", counts.reads);
    assert!(counts.bytes <= 7_000, "{} bytes", counts.bytes);
}

#[test]
fn pure_states_take_one_record_however_many_they_are() {
    for states in [1, 50] {
        let Counted { counts, .. } = counted(Keeping::Memory, Manner::Pure, &chain(states), None);
        assert_eq!(counts.records, 1, "{states} states");
        assert!(counts.rows <= 3 && counts.arms <= 2, "{counts:?}");
        assert!(counts.reads <= 2, "{} reads", counts.reads);
    }
}

#[test]
fn an_item_with_an_effect_takes_one_record_and_a_lane_one_more() {
    for items in [10, 100, 900] {
        let map = map_flow(LANES);
        let Counted { counts, points, .. } = counted(Keeping::Memory, Manner::Effects, &map, Some(items));
        let lanes = items.min(LANES);
        assert_eq!(
            (counts.records, points),
            (2 + lanes + items, 2 + lanes + items),
            "{items} items"
        );
        assert_eq!(beside(counts), (2, 1, 0), "{items} items");
        assert!(counts.reads <= 4 + 4 * lanes, "{items} items: {} reads", counts.reads);
    }
}

/// Lanes reserve 2, 4 … 64 items with one record; which lane gets how many depends on time.
#[test]
fn an_item_of_a_pure_task_takes_less_than_half_a_record() {
    let map = map_flow(LANES);
    let Counted { counts, .. } = counted(Keeping::Memory, Manner::Pure, &map, Some(900));
    assert_eq!(beside(counts), (2, 1, 0));
    assert!(counts.records <= 2 + LANES + 900 / 2, "{} records", counts.records);
    assert!(counts.reads <= 4 + 4 * LANES, "{} reads", counts.reads);
}
