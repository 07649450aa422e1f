//! Parses the answer to `GET /profile`.

use serde::Deserialize;

/// Holds the account's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Expiry of the token in IST, as the server writes it (`DD/MM/YYYY HH:MM`).
    pub token_validity: Option<String>,
    /// State of the data plan, as the server writes it (`Active`, …).
    pub data_plan: Option<String>,
    /// End of the paid data plan, as the server writes it.
    pub data_validity: Option<String>,
}

impl Profile {
    /// Returns whether the data plan is active, or `None` if the server does not say.
    pub fn data_plan_is_active(&self) -> Option<bool> {
        self.data_plan.as_deref().map(|plan| plan.trim().eq_ignore_ascii_case("active"))
    }

    pub(super) fn parse(body: &[u8]) -> Option<Profile> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            dhan_client_id: Option<serde_json::Value>,
            token_validity: Option<String>,
            data_plan: Option<String>,
            data_validity: Option<String>,
        }
        let answer: Answer = serde_json::from_slice(body).ok()?;
        // An empty object, or one of another server, proves nothing.
        answer.dhan_client_id.as_ref()?;
        let clean = |text: Option<String>| text.map(|t| crate::console::untrusted(&t));
        Some(Profile {
            token_validity: clean(answer.token_validity),
            data_plan: clean(answer.data_plan),
            data_validity: clean(answer.data_validity),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_and_other_answers_are_not_taken_for_one() {
        let body = br#"{"dhanClientId":"1000000001","tokenValidity":"30/03/2025 15:37","activeSegment":"Equity",
            "ddpi":"Active","mtf":"Active","dataPlan":"Active","dataValidity":"2024-12-05 09:37:52.0"}"#;
        let profile = Profile::parse(body).expect("a profile");
        assert_eq!(profile.data_plan_is_active(), Some(true));
        assert_eq!(profile.token_validity.as_deref(), Some("30/03/2025 15:37"));
        let plan = Profile::parse(br#"{"dhanClientId":"1","dataPlan":"Deactive"}"#).expect("a profile");
        assert_eq!(plan.data_plan_is_active(), Some(false));
        for other in [&b"{}"[..], b"[]", b"<html>", b""] {
            assert_eq!(Profile::parse(other), None);
        }
    }
}
