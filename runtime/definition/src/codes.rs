//! Every code of a diagnostic, with its severity.
//!
//! **Invariant:** a code means one thing and has one severity; codes are never reused for another meaning.

use crate::diagnostic::Severity;

/// What kind of thing a diagnostic tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable code.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Whether only `--strict` tells it.
    pub only_strict: bool,
    /// Whether the JSON Schema of flows refuses every flow with it; otherwise only the checker is sure to.
    pub in_schema: bool,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

/// One constant for each line, and the list of all.
macro_rules! codes {
    ($($constant:ident $name:literal $severity:ident $($mark:ident)? $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) static $constant: Code = Code {
            name: concat!("definition::", $name),
            severity: Severity::$severity,
            only_strict: only_strict!($($mark)?),
            in_schema: in_schema!($($mark)?),
            meaning: $meaning,
        };)*

        /// Every code that there is.
        pub fn codes() -> Vec<&'static Code> {
            vec![$(&$constant),*]
        }
    };
}

macro_rules! only_strict {
    () => {
        false
    };
    (schema) => {
        false
    };
    (strict) => {
        true
    };
}

macro_rules! in_schema {
    () => {
        false
    };
    (strict) => {
        false
    };
    (schema) => {
        true
    };
}

codes! {
    // The file.
    FILE_TOO_LARGE "file_too_large" Error "The file is larger than 4 MiB.";
    NOT_UTF8 "not_utf8" Error "The file is not UTF-8.";
    NUL_BYTE "nul_byte" Error "The file holds a NUL byte.";
    EMPTY "empty" Error "The file holds nothing.";
    NOT_YAML "not_yaml" Error "The file is neither YAML nor JSON.";
    NOT_JSON "not_json" Error "The file is not JSON.";
    ONLY_YAML "only_yaml" Note "A file that is called JSON holds what only YAML allows.";
    MISSING_BLANK "missing_blank" Error "A colon is not followed by a blank, so that it makes no key.";
    TOO_DEEP "too_deep" Error "The file nests too deeply.";
    TOO_MANY_NODES "too_many_nodes" Error "The file has too many parts.";
    MANY_DOCUMENTS "many_documents" Error "The file holds more than one document.";
    DUPLICATE_KEY "duplicate_key" Error "A map has the same key twice.";
    KEY_NOT_TEXT "key_not_text" Error "A key is a list or a map.";
    MERGE_KEY "merge_key" Error "A merge key `<<` is used.";
    TAG "tag" Error "A YAML tag is used.";
    DEPLOY_TAG "deploy_tag" Error "A deploy-time tag of another tool, such as `!Ref`, was left in.";
    UNKNOWN_ALIAS "unknown_alias" Error "An alias names no anchor.";
    ALIAS_IN_ITSELF "alias_in_itself" Error "An alias stands inside what it repeats.";
    TOO_MANY_ALIASES "too_many_aliases" Error "The aliases repeat too much.";
    NOT_FINITE "not_finite" Error "A number is infinite or none, which JSON cannot carry.";
    NUMBER_RESPELLED "number_respelled" Note "A number is written as only YAML writes it, and becomes the same number in JSON.";

    // The whole flow.
    NOT_A_FLOW "not_a_flow" Error schema "The file is no flow.";
    OLDER_DIALECT "older_dialect" Error schema "The flow is written in the older dialect, which does not run yet.";
    MIXED_DIALECTS "mixed_dialects" Error schema "Fields of the older dialect stand in a flow of the newer one.";
    FLOW_NAME "flow_name" Warning "The flow's name is none that CloudFlow accepts.";

    // Fields.
    MISSING_FIELD "missing_field" Error schema "A required field is missing.";
    WRONG_TYPE "wrong_type" Error schema "A field has a value of another type than it takes.";
    BAD_VALUE "bad_value" Error schema "A field has a value that it does not take.";
    OUT_OF_RANGE "out_of_range" Error schema "A number is outside of what its field takes.";
    MISSPELT_KEY "misspelt_key" Error "A key is close to a known one, but is none.";
    FOREIGN_KEY "foreign_key" Error schema "A key belongs to other states.";
    UNKNOWN_KEY "unknown_key" Warning "A key means nothing here and is ignored.";
    REFUSED_KEY "refused_key" Error "A key means nothing here, and nothing unknown is allowed.";
    NOT_COMPUTABLE "not_computable" Error schema "A field that cannot be computed is written with `.$`.";
    COMPUTED_WHOLE "computed_whole" Note strict "A whole constructor is computed, which is not documented.";
    BOTH_FORMS "both_forms" Error "A field stands in two forms: as a constant and computed with `.$`, or under two spellings.";
    EMPTY_FIELD "empty_field" Warning "A field that may be absent is there without a value.";
    NOT_QUOTED "not_quoted" Warning "A text without quotes is read as a number, a boolean or null.";
    OLDER_SPELLING "older_spelling" Warning "An older spelling is used.";
    OTHER_SPELLING "other_spelling" Note "A field is spelt in its documented, misspelt form.";

    // States and scopes.
    NO_STATES "no_states" Error schema "A scope has no states.";
    TOO_MANY_STATES "too_many_states" Error "There are too many states, branches or scopes inside each other.";
    BAD_STATE_NAME "bad_state_name" Error schema "A state's name is empty or too long.";
    DUPLICATE_STATE "duplicate_state" Error "Two states of one scope have the same name.";
    UNKNOWN_STATE "unknown_state" Error "A transition names a state that its scope does not have.";
    UNKNOWN_TYPE "unknown_type" Error schema "A state's Type is none.";
    NO_EXIT "no_exit" Error schema "A state has neither Next nor End.";
    TWO_EXITS "two_exits" Warning "A state has both Next and End; End wins.";
    UNREACHABLE "unreachable" Warning "No transition leads to a state.";
    NO_WAY_OUT "no_way_out" Warning "From a state no way leads to an end of its scope.";
    NO_DEFAULT "no_default" Note "A Choice has no Default.";
    NEVER_RUNS "never_runs" Warning "A constructor stands where it never runs.";
    TWO_WAITS "two_waits" Warning "A Wait has both Seconds and UntilDateTime; Seconds wins.";
    LONG_WAIT "long_wait" Warning strict "A Wait is longer than CloudFlow allows.";
    HIGH_CONCURRENCY "high_concurrency" Note strict "A Map runs more items at once than CloudFlow does.";
    ONLY_DISTRIBUTED "only_distributed" Error schema "A field of a distributed Map stands in an inline one.";
    DISTRIBUTED_MAP "distributed_map" Warning "A distributed Map does not run yet.";
    UNKNOWN_SOURCE "unknown_source" Warning "The kind of source of an ItemReader is none that is known.";

    // Errors.
    STAR_IN_ERRORS "star_in_errors" Error schema "`*` is used for `FnF.ALL`.";
    UNKNOWN_ERROR_NAME "unknown_error_name" Warning "The name of an error is none that a rule can take.";
    RULE_NEVER_REACHED "rule_never_reached" Warning "A rule stands behind others that take all of its errors.";
    TWO_REACTIONS "two_reactions" Warning "A rule of OnErrors has both Retry and Next; Next wins.";
    MIXED_RECOVERY "mixed_recovery" Error schema "OnErrors stands beside Retry or Catch.";

    // Actions.
    BAD_ACTION "bad_action" Error schema "An action is not written as `Product:Operation`.";
    UNKNOWN_ACTION "unknown_action" Error schema "An action is none that can ever run here.";
    NO_HANDLER "no_handler" Warning "An action cannot run yet.";
    MODE_NOT_SUPPORTED "mode_not_supported" Error schema "An action does not have this TaskMode.";
    INVOCATION_TYPE "invocation_type" Warning "The invocationType does not fit the TaskMode.";
    BAD_RESOURCE "bad_resource" Warning "A resource is none of the kind that its action takes.";
    BAD_URL "bad_url" Error "A URL is not absolute, or its host or port is none.";
    EXECUTION_NAME "execution_name" Warning "The name of a child execution is none that CloudFlow accepts.";
    TOKEN_NOT_PASSED "token_not_passed" Warning "A task waits for a callback, but passes its token to nobody.";
    UNKNOWN_FUNCTION "unknown_function" Warning "A function has no entry in the functions file.";
    NO_FUNCTIONS_FILE "no_functions_file" Note "A flow calls functions, but there is no functions file.";
    EXPRESS_CALLBACK "express_callback" Error "A task waits for a callback, which an Express execution cannot.";

    // Expressions.
    BAD_EXPRESSION "bad_expression" Error "An expression does not parse.";
    UNDOCUMENTED "undocumented" Note strict "An expression uses what is not documented.";
    UNKNOWN_VARIABLE "unknown_variable" Error "A variable is none.";
    VARIABLE_NOT_HERE "variable_not_here" Error "A variable is not available here.";
    UNKNOWN_CONTEXT_FIELD "unknown_context_field" Warning "A field of $Context is none.";
    MISSPELT_CONTEXT_FIELD "misspelt_context_field" Error "A field of $Context is close to a known one, but is none.";
    ALWAYS_NULL "always_null" Warning "A value is always null here.";
    MINUS_IN_KEY "minus_in_key" Note "A key ends with a minus and digits, which may be meant as a subtraction.";
    TOO_LARGE_VALUE "too_large_value" Warning "A constant is larger than what can be passed on.";
    LOOKS_COMPUTED "looks_computed" Note "A literal looks like an expression, but its key does not end with `.$`.";
    NAMELESS_KEY "nameless_key" Error schema "A key consists of `.$` alone.";

    // Functions, grants and input.
    BAD_FUNCTION "bad_function" Error "An entry of the functions file is not exactly one of component, http and stub.";
    NO_COMPONENT "no_component" Error "The component of a function cannot be read, or is none.";
    BAD_HOST "bad_host" Error "A host is none.";
    USELESS_SECRET "useless_secret" Warning "A secret is for a host that its grant does not allow.";
    USELESS_GRANT "useless_grant" Warning "A grant is for an action that there is not.";

    // Tests of a flow.
    DUPLICATE_CASE "duplicate_case" Error "Two cases of a test file have the same name.";
    BAD_CASE "bad_case" Error "A case of a test file expects nothing, or what cannot come together.";
    UNREADABLE_FILE "unreadable_file" Error "A file that a test file names cannot be read.";
    UNKNOWN_TESTED_STATE "unknown_tested_state" Error "A case of a test file names a state that the flow does not have.";
    NO_REPORT_TAKEN "no_report_taken" Error "A case of a test file reports to a state that never waits for a report.";
    UNKNOWN_TESTED_FUNCTION "unknown_tested_function" Error "A case of a test file counts the calls of a function that is none of the flow.";

    // All of them.
    TOO_MANY "too_many_problems" Note "There are more problems than are shown.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_have_a_sentence() {
        let mut names: Vec<&str> = codes().iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), codes().len());
        assert!(codes().iter().all(|code| code.meaning.ends_with('.')));
    }
}
