//! Allocations, where everything runs on the thread that counts them.
//!
//! Numbers are bounds with a little room, since a library may change its own; what must not grow is compared with itself.

use allocation_counter::measure;
use stepwell_bench::{FIVE, House, Keeping, Manner, TypicalExpression, chain, input, runtime_of_one_thread};
use stepwell_core::{decode, encode};

fn allocations<T>(work: impl FnOnce() -> T) -> u64 {
    measure(|| drop(std::hint::black_box(work()))).count_total
}

/// Allocations of one execution of five tasks in memory: engine, store and guests.
fn of_five(manner: Manner) -> u64 {
    let runtime = runtime_of_one_thread();
    let house = runtime.block_on(House::open_for_counting(Keeping::Memory));
    let shape = runtime.block_on(house.keep(FIVE, manner.settings()));
    let run = |name: &str| drop(runtime.block_on(house.run(&shape, name, input(1))));
    ["a", "b", "c"].into_iter().for_each(run);
    let counted = allocations(|| run("d"));
    runtime.block_on(house.close());
    counted
}

#[test]
fn an_execution_of_five_effects() {
    let counted = of_five(Manner::Effects);
    assert!(counted <= 1210, "{counted} allocations");
}

#[test]
fn an_execution_of_five_pure_tasks() {
    let counted = of_five(Manner::Pure);
    assert!(counted <= 1800, "{counted} allocations");
}

#[test]
fn a_record_is_written_with_few_allocations_and_read_with_some() {
    let runtime = runtime_of_one_thread();
    let house = runtime.block_on(House::open_for_counting(Keeping::Memory));
    let shape = runtime.block_on(house.keep(FIVE, Manner::Effects.settings()));
    runtime.block_on(house.run(&shape, "one", input(1)));
    let records = runtime.block_on(house.records("five/one"));
    runtime.block_on(house.close());
    let body = &records.get(3).unwrap().body;
    let record = decode(body).unwrap();
    let (writing, reading) = (
        allocations(|| encode(&record).unwrap()),
        allocations(|| decode(body).unwrap()),
    );
    assert!(writing <= 8, "{writing} allocations to write");
    assert!(reading <= 150, "{reading} allocations to read");
}

#[test]
fn a_typical_expression() {
    let expression = TypicalExpression::default();
    let counted = allocations(|| expression.evaluate());
    assert!(counted <= 18, "{counted} allocations");
}

#[test]
fn checking_takes_as_much_for_each_state_however_many_there_are() {
    let check = |states| {
        let text = chain(states);
        allocations(|| stepwell_definition::check(text.as_bytes(), "flow.yaml").flow.unwrap())
    };
    let (few, many) = (check(200), check(2_000));
    assert!(many <= few * 11, "{few} allocations for 200 states, {many} for 2,000");
}
