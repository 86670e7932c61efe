//! The protocol holds; without any one of its repairs the damage is found.

use crate::{Call, Explored, HandOuts, OneScope, Repairs, Stage, StopBelow, explore};

/// A scope with two effects, started once, with room for a start that is repeated.
fn effects(repairs: Repairs) -> OneScope {
    OneScope {
        program: vec![Stage::Effect, Stage::Effect],
        calls: vec![Call::Start, Call::Start],
        invocations: 2,
        deaths: 1,
        doubles: 0,
        failures: 1,
        looks_early: false,
        repairs,
    }
}

fn stop(repairs: Repairs) -> StopBelow {
    StopBelow {
        tasks: 6,
        deaths: 1,
        rival: true,
        repairs,
    }
}

#[expect(clippy::print_stdout, reason = "an exploration is asked for its numbers")]
fn show(name: &str, explored: &Explored) {
    println!("{name}: {} states", explored.states);
    for (damage, way) in &explored.damage {
        println!("  damage: not \"{damage}\"\n{way}");
    }
}

/// The promises hold in every one of so many states; the README tells the numbers.
fn holds(name: &str, states: usize, explored: &Explored) {
    show(name, explored);
    assert_eq!(
        (explored.states, explored.damage.as_slice()),
        (states, [].as_slice()),
        "{name}"
    );
}

/// Without a repair, that promise breaks.
fn breaks(name: &str, explored: &Explored, promise: &str) {
    show(name, explored);
    let broken: Vec<&str> = explored.damage.iter().map(|(promise, _)| promise.as_str()).collect();
    assert!(broken.contains(&promise), "{name}: {broken:?}");
}

/// A scope that waits, retries later, and ends by a report.
fn timers_and_a_report(repairs: Repairs) -> OneScope {
    OneScope {
        program: vec![Stage::Wait, Stage::DelayedEffect, Stage::Callback, Stage::Effect],
        calls: vec![Call::Start, Call::Report, Call::Report],
        ..effects(repairs)
    }
}

#[test]
fn effects_under_deaths_and_failing_appends() {
    holds("two effects, two starts", 570_803, &explore(&effects(Repairs::all())));
}

#[test]
fn a_wake_that_is_looked_at_again_while_its_sender_lives() {
    let model = OneScope {
        looks_early: true,
        program: vec![Stage::Effect],
        ..effects(Repairs::all())
    };
    holds(
        "one effect, two starts, an early second look",
        2_182_948,
        &explore(&model),
    );
}

#[test]
fn three_invocations_at_once() {
    let model = OneScope {
        invocations: 3,
        doubles: 1,
        failures: 1,
        program: vec![Stage::Effect],
        ..effects(Repairs::all())
    };
    holds(
        "one effect, three invocations, a doubled message, a failing append",
        4_011_023,
        &explore(&model),
    );
}

#[test]
fn timers_and_reports() {
    holds(
        "a wait, a retry, a callback",
        479_076,
        &explore(&timers_and_a_report(Repairs::all())),
    );
}

fn timers_and_a_double(repairs: Repairs) -> OneScope {
    OneScope {
        program: vec![Stage::Wait, Stage::DelayedEffect, Stage::Effect],
        calls: vec![Call::Start],
        doubles: 1,
        ..effects(repairs)
    }
}

#[test]
fn timers_and_doubled_messages() {
    let explored = explore(&timers_and_a_double(Repairs::all()));
    holds("a wait, a retry, a doubled message", 88_083, &explored);
}

#[test]
fn a_message_that_was_doubled_may_be_all_that_is_left() {
    let model = timers_and_a_double(Repairs {
        suspects_doubles: false,
        ..Repairs::all()
    });
    breaks("without suspecting doubles", &explore(&model), "somebody will go on");
}

#[test]
fn messages_that_are_doubled() {
    let model = OneScope {
        doubles: 2,
        calls: vec![Call::Start],
        ..effects(Repairs::all())
    };
    holds("two effects, doubled messages", 81_079, &explore(&model));
}

#[test]
fn a_stop_from_outside() {
    holds("a stop above running tasks", 550, &explore(&stop(Repairs::all())));
}

#[test]
fn a_look_that_reads_the_clock_gives_an_effect_two_keys() {
    let model = effects(Repairs {
        pure_looks: false,
        ..Repairs::all()
    });
    breaks("without pure looks", &explore(&model), "an effect has one key");
}

#[test]
fn a_wake_after_the_append_is_lost() {
    let model = effects(Repairs {
        wake_first: false,
        ..Repairs::all()
    });
    breaks("without the wake first", &explore(&model), "somebody will go on");
}

#[test]
fn a_wake_that_came_early_must_be_kept() {
    let model = effects(Repairs {
        keeps_early_wakes: false,
        ..Repairs::all()
    });
    breaks("without keeping early wakes", &explore(&model), "somebody will go on");
}

#[test]
fn an_effect_before_its_record_is_owed_by_nothing() {
    let model = effects(Repairs {
        append_first: false,
        ..Repairs::all()
    });
    breaks(
        "without appending first",
        &explore(&model),
        "an effect follows its record",
    );
}

#[test]
fn an_outcome_that_is_dropped_runs_again() {
    let model = effects(Repairs {
        folds_again: false,
        ..Repairs::all()
    });
    breaks("without folding again", &explore(&model), "every repeat has a cause");
}

#[test]
fn a_claim_that_does_not_wait_runs_twice() {
    let model = effects(Repairs {
        waits_for_the_driver: false,
        ..Repairs::all()
    });
    breaks(
        "without waiting for the driver",
        &explore(&model),
        "every repeat has a cause",
    );
}

#[test]
fn a_marker_after_the_append_comes_too_late() {
    let model = stop(Repairs {
        marker_first: false,
        ..Repairs::all()
    });
    breaks("without the marker first", &explore(&model), "no task begins late");
}

#[test]
fn a_marker_that_is_believed_cancels_what_goes_on() {
    let model = stop(Repairs {
        reads_the_marked_record: false,
        ..Repairs::all()
    });
    breaks(
        "without reading the marked record",
        &explore(&model),
        "only an end cancels",
    );
}

/// Two children; whoever has no room hands out.
fn hand_outs(repairs: Repairs) -> HandOuts {
    HandOuts {
        children: 2,
        invocations: 2,
        deaths: 1,
        doubles: 0,
        repairs,
    }
}

#[test]
fn children_that_are_handed_out_are_joined() {
    holds("two children", 22_695, &explore(&hand_outs(Repairs::all())));
}

#[test]
fn hand_outs_of_a_doubled_message() {
    let model = HandOuts {
        doubles: 1,
        deaths: 0,
        ..hand_outs(Repairs::all())
    };
    holds("two children, a doubled message", 4_664, &explore(&model));
}

#[test]
fn an_attempt_that_has_begun_must_not_be_handed_out() {
    let model = hand_outs(Repairs {
        hands_out_what_waits: false,
        ..Repairs::all()
    });
    breaks("handing out what runs", &explore(&model), "every repeat has a cause");
}

#[test]
fn a_hand_out_whose_wake_comes_after_the_message_went_is_lost() {
    let model = hand_outs(Repairs {
        sends_before_it_lets_go: false,
        ..Repairs::all()
    });
    breaks("letting go first", &explore(&model), "somebody will go on");
}

#[test]
fn a_message_must_be_kept_while_others_drive() {
    let model = HandOuts {
        doubles: 1,
        ..hand_outs(Repairs {
            keeps_what_others_drive: false,
            ..Repairs::all()
        })
    };
    breaks("leaving it to others", &explore(&model), "somebody will go on");
}

#[test]
fn whoever_reads_the_others_before_its_own_end_does_not_join() {
    let model = hand_outs(Repairs {
        reads_others_after_its_end: false,
        ..Repairs::all()
    });
    breaks("reading the others first", &explore(&model), "somebody will go on");
}
