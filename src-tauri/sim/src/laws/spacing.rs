//! When a request may be sent: laws 1, 2, 4, 5, 6, 10, 12 and 16, and what law 13 requires to be durable before that.

use super::{Broken, Laws, UnderWay, broken};
use crate::laws::constants::{RENEWED_BEFORE, SPACING, WAKING};
use crate::observation::{SECOND, SentRequest};
use holdoff_core::Endpoint;

impl Laws {
    pub(super) fn sent_request(&mut self, sent: &SentRequest) -> Result<(), Broken> {
        if self.user_settings.free_only {
            broken(16, || format!("request {} sent, and only free readings are wanted", sent.request))?;
        }
        self.check_permit(sent)?;
        self.check_running(sent)?;
        self.check_durable(sent)?;
        if sent.stranger {
            broken(17, || format!("request {} was sent for another account than its token's", sent.request))?;
        }
        let re_ask = match sent.endpoint {
            Endpoint::Usage => self.check_usage(sent)?,
            Endpoint::Token => {
                self.check_renewal(sent)?;
                false
            }
        };
        let now = self.now;
        self.account().sent(sent.endpoint).left(now);
        self.under_way = Some(UnderWay {
            request: sent.request,
            endpoint: sent.endpoint,
            token: sent.token,
            left: now,
            re_ask,
            answered: false,
            came: 0,
            checking: false,
        });
        self.check_accounted(sent.endpoint)
    }

    /// Law 1.
    fn check_permit(&mut self, sent: &SentRequest) -> Result<(), Broken> {
        match sent.permit {
            None => broken(1, || format!("request {} sent without a permit", sent.request)),
            Some((number, _)) if number <= self.permits => {
                broken(1, || format!("request {} sent on permit {number}, which was used before", sent.request))
            }
            Some((_, endpoint)) if endpoint != sent.endpoint => broken(1, || {
                format!("request {} went to {:?} on a permit for {endpoint:?}", sent.request, sent.endpoint)
            }),
            Some((number, _)) => {
                self.permits = number;
                Ok(())
            }
        }
    }

    fn check_running(&self, sent: &SentRequest) -> Result<(), Broken> {
        if self.under_way.is_some_and(|under_way| !under_way.answered) {
            return broken(4, || format!("request {} sent while another was under way", sent.request));
        }
        if self.renewing.in_hand {
            return broken(8, || format!("request {} sent before the new tokens were on disk", sent.request));
        }
        match self.woke.at {
            Some(woke) if self.now - woke < WAKING => {
                broken(12, || format!("request {} sent {} ms after waking", sent.request, self.now - woke))
            }
            _ => Ok(()),
        }
    }

    /// Everything learned so far is durable, and so is the intent of this request.
    fn check_durable(&mut self, sent: &SentRequest) -> Result<(), Broken> {
        let now = self.now;
        let account = self.account();
        if account.unkept {
            return broken(13, || "a request sent before the last answer was durable".to_owned());
        }
        let saved_intents = account.saved_intents.and_then(|kept| match sent.endpoint {
            Endpoint::Usage => kept.usage.intent,
            Endpoint::Token => kept.token.intent,
        });
        match saved_intents {
            Some(saved_intents) if saved_intents <= now => Ok(()),
            _ => broken(13, || format!("request {} sent without a durable note of it", sent.request)),
        }
    }

    /// Returns whether this is the one repeated request that a 401 allows.
    fn check_usage(&mut self, sent: &SentRequest) -> Result<bool, Broken> {
        if let Some(life) = sent.life.filter(|life| *life <= 0) {
            broken(5, || format!("an access token sent {} s after it had ended", -life / SECOND))?;
        }
        if self.without_scope.contains(&sent.token) {
            broken(6, || format!("usage was asked with token {}, which was stored without its scope", sent.token.0))?;
        }
        let now = self.now;
        let account = self.account();
        let usage = &mut account.expected.usage;
        if let Some(paused) = usage.paused {
            broken(6, || format!("usage was asked while it is paused on token {}", paused.0))?;
        }
        if now < usage.least {
            let early = usage.least - now;
            broken(usage.why.law(), || format!("usage was asked {early} ms early ({:?})", usage.why))?;
        }
        let earned = usage.re_ask.is_some_and(|refused| refused != sent.token);
        let too_soon = account.usage_sent.last.map(|last| now - last).filter(|gap| *gap < SPACING);
        if let Some(gap) = too_soon.filter(|_| !earned) {
            broken(10, || format!("usage was asked {gap} ms after the last time"))?;
        }
        account.expected.usage.re_ask = None;
        Ok(too_soon.is_some())
    }

    fn check_renewal(&mut self, sent: &SentRequest) -> Result<(), Broken> {
        if !self.user_settings.renewal {
            broken(7, || "a refresh token sent, and renewal is off".to_owned())?;
        }
        if sent.life.is_none_or(|life| life > RENEWED_BEFORE) && !self.renewing.overwritten {
            broken(4, || "a refresh token sent while the access token has time to live".to_owned())?;
        }
        let now = self.now;
        let (usage, token) = {
            let expected = &self.account().expected;
            (expected.usage, expected.token)
        };
        if usage.paused.is_some() {
            broken(6, || "a refresh token sent while usage is paused".to_owned())?;
        }
        if now < usage.least {
            broken(4, || format!("a refresh token sent while usage is shut ({:?})", usage.why))?;
        }
        if token.paused.is_some() {
            broken(6, || "a refresh token sent while renewal is paused".to_owned())?;
        }
        if now < token.least {
            let early = token.least - now;
            broken(token.why.law(), || format!("a refresh token sent {early} ms early ({:?})", token.why))?;
        }
        self.spend(sent.token)
    }
}
