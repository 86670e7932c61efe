//! Whatever a flow's file holds: it is checked and every problem drawn, and what is accepted is lowered to what its
//! stored form gives back, and can be drawn.
#![no_main]

mod seeds;

use libfuzzer_sys::fuzz_target;
use stepwell_definition::{Characters, Colour, Drawing, Strictness, check, mermaid, outline};

const DRAWING: Drawing = Drawing {
    characters: Characters::Ascii,
    colour: Colour::None,
    width: 80,
};

fuzz_target!(
    init: seeds::write(|folder| seeds::flow(folder).into_iter().collect()),
    |text: &[u8]| {
        let checked = check(text, "flow.yaml");
        let report = checked.report(Strictness::Strict);
        let drawn = report.draw(DRAWING);
        assert_eq!(drawn.is_empty(), report.is_empty());
        assert!(report.entries().iter().all(|entry| entry.line >= 1 && entry.column >= 1));
        assert_eq!(checked.flow.is_none(), checked.is_refused(Strictness::Lenient));
        let Some(flow) = &checked.flow else { return };
        let stored = stepwell_model::encode(flow).expect("a checked flow can be stored");
        let read = stepwell_model::decode(&stored).expect("a stored flow can be read");
        assert_eq!(*flow, read);
        assert!(!mermaid(flow).is_empty() && !outline(flow).is_empty());
    }
);
