//! One message is one line of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest line that is read: a definition of 4 MiB with its children, or an input, with room.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a line was not understood.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is no message of this protocol.
    #[error("a line of the protocol was not understood")]
    NotUnderstood(#[source] serde_json::Error),
}

/// The message as a line, its end included.
///
/// # Errors
///
/// [`LineError`] where a value in it is stored elsewhere; whoever sends values has loaded them.
pub fn write_line(message: &impl Serialize) -> Result<Vec<u8>, LineError> {
    let mut line = serde_json::to_vec(message).map_err(LineError::NotUnderstood)?;
    line.push(b'\n');
    Ok(line)
}

/// The message of a line.
///
/// # Errors
///
/// [`LineError`] where it is none.
pub fn read_line<M: DeserializeOwned>(line: &[u8]) -> Result<M, LineError> {
    serde_json::from_slice(line).map_err(LineError::NotUnderstood)
}

#[cfg(test)]
mod tests {
    use stepwell_expression::{Plain, Value};

    use super::*;
    use crate::{Answer, Begun, FlowText, Hello, Naming, Refusal, Report, Request, Run, Standing};

    #[expect(clippy::needless_pass_by_value, reason = "the message is written where it is used")]
    fn same<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: M, text: &str) {
        let line = write_line(&message).unwrap();
        assert_eq!(String::from_utf8(line.clone()).unwrap(), format!("{text}\n"));
        assert_eq!(read_line::<M>(&line).unwrap(), message);
    }

    #[test]
    fn requests_are_lines() {
        same(Request::List, r#""list""#);
        same(
            Request::Stop {
                execution: "f/n".into(),
            },
            r#"{"stop":{"execution":"f/n"}}"#,
        );
        let number = Plain(Value::parse_json(r#"{"n":18446744073709551615,"f":1.0}"#).unwrap());
        same(
            Request::Report {
                token: "t".into(),
                report: Report::Output(number.clone()),
            },
            r#"{"report":{"token":"t","report":{"output":{"n":18446744073709551615,"f":1.0}}}}"#,
        );
        let flow = FlowText {
            name: "f".into(),
            definition: "Type: StateMachine\n".into(),
            model: "{}".into(),
        };
        let run = Run {
            name: "n".into(),
            naming: Naming::Fresh,
            nonce: None,
            flow,
            children: vec![],
            registry: "{}".into(),
            grants: "[]".into(),
            settings: "{}".into(),
            input: number,
            recount: true,
        };
        let text = r#"{"run":{"name":"n","naming":"fresh","flow":{"name":"f","definition":"Type: StateMachine\n","model":"{}"},"children":[],"registry":"{}","grants":"[]","settings":"{}","input":{"n":18446744073709551615,"f":1.0},"recount":true}}"#;
        same(Request::Run(Box::new(run)), text);
    }

    #[test]
    fn answers_are_lines() {
        same(Answer::Done, r#""done""#);
        let begun = Begun {
            name: "n-2".into(),
            standing: Standing::New,
            earlier: vec![],
        };
        same(
            Answer::Begun(begun),
            r#"{"begun":{"name":"n-2","standing":"new","earlier":[]}}"#,
        );
        same(
            Answer::Refused(Refusal::user("TaskInvalidState", "m")),
            r#"{"refused":{"name":"TaskInvalidState","message":"m","class":"user"}}"#,
        );
    }

    #[test]
    fn rubbish_is_an_error_that_says_so() {
        let error = read_line::<Hello>(b"GET / HTTP/1.1\r\n").unwrap_err();
        assert_eq!(error.to_string(), "a line of the protocol was not understood");
    }
}
