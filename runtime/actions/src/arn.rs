//! Names inside ARNs.
//!
//! Source: CloudFlow's `resourceArn` forms: `acs:fc:{region}:{account}:functions/{name}[/{qualifier}]`,
//! `acs:fc:{region}:{account}:services/{service}[.{qualifier}]/functions/{name}`,
//! `acs:fnf:{region}:{account}:flow/{name}`.

/// The function's name in the ARN of a function; the text itself if it is no ARN.
#[must_use]
pub fn function_name(resource: &str) -> &str {
    let Some(path) = resource_path(resource, "acs:fc:") else {
        return resource;
    };
    let after = path.rsplit_once("functions/").map_or(path, |(_, name)| name);
    after.split('/').next().unwrap_or(after)
}

/// The flow's name in the ARN of a flow; the text itself if it is no ARN.
#[must_use]
pub fn flow_name(resource: &str) -> &str {
    let Some(path) = resource_path(resource, "acs:fnf:") else {
        return resource;
    };
    path.strip_prefix("flow/").unwrap_or(path)
}

/// The part behind region and account.
fn resource_path<'a>(resource: &'a str, prefix: &str) -> Option<&'a str> {
    resource.strip_prefix(prefix)?.splitn(3, ':').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_every_form() {
        assert_eq!(function_name("resize"), "resize");
        assert_eq!(
            function_name("acs:fc:cn-hangzhou:123:functions/resize/LATEST"),
            "resize"
        );
        assert_eq!(function_name("acs:fc:::functions/resize"), "resize");
        assert_eq!(
            function_name("acs:fc:cn:1:services/media.prod/functions/resize"),
            "resize"
        );
        assert_eq!(flow_name("acs:fnf:::flow/child"), "child");
        assert_eq!(flow_name("acs:fnf:cn:1:flow/child"), "child");
        assert_eq!(flow_name("child"), "child");
    }
}
