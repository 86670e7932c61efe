//! What the canonical ABI needs, generated from `sdk-guest/wit`.
//!
//! The world of this crate is `stepwell:task/task` without what the standard library binds by itself (clocks, random,
//! environment, files, sockets): what is not generated need not be compiled.

wit_bindgen::generate!({
    path: "../wit",
    inline: "
        package stepwell:guest;

        world guest {
            use stepwell:task/types@0.1.0.{context, failure};
            import stepwell:task/log@0.1.0;
            import stepwell:task/objects@0.1.0;
            import wasi:http/outgoing-handler@0.2.12;
            export run: func(operation: string, input: string, context: context) -> result<string, failure>;
        }
    ",
    world: "stepwell:guest/guest",
    pub_export_macro: true,
    generate_all,
});
