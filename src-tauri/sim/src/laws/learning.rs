//! What a response requires from then on, and how another read of the sign-in changes that: laws 2, 3, 6, 10, 12 and 14.

use super::{Broken, Laws, UnderWay};
use crate::laws::constants::WAKE_GRACE;
use crate::observation::{Meaning, Who};
use holdoff_core::Endpoint;

impl Laws {
    pub(super) fn answered(&mut self, request: u32, meaning: &Meaning) {
        let Some(under_way) = self.under_way.filter(|under_way| under_way.request == request && !under_way.answered)
        else {
            return;
        };
        let checking = *meaning == Meaning::Unauthorized;
        self.under_way = Some(UnderWay { answered: true, came: self.now, checking, ..under_way });
        self.uncome = Some((under_way.endpoint, meaning.clone()));
        let forgiven = self.forgiven(under_way.endpoint, meaning);
        self.renewing.learn(under_way.token, under_way.endpoint, meaning);
        let (now, user_settings) = (self.now, self.user_settings);
        let account = self.account();
        account.unkept = true;
        let sent = account.sent(under_way.endpoint);
        match meaning {
            Meaning::NotSent => sent.did_not_leave(),
            _ => sent.answered = Some(now),
        }
        let gate = account.expected.gate(under_way.endpoint);
        gate.learn(now, meaning, under_way.token, under_way.re_ask, forgiven);
        if let Meaning::Reading { said } = meaning {
            account.expected.read(now, said.is_empty());
            self.woke.grace_used = false;
            if self.watches {
                self.account().showing.reported(now, said);
            }
        }
        // A reading proves nothing of a sign-in that was removed meanwhile: no end is announced.
        if !self.absent || !matches!(meaning, Meaning::Reading { .. }) {
            let account = self.account();
            account.expected.notify(now, under_way.endpoint, meaning, user_settings, account.saved_intents);
        }
    }

    /// A failed name lookup just after waking is forgiven once between two readings (law 12).
    fn forgiven(&mut self, endpoint: Endpoint, meaning: &Meaning) -> bool {
        let waking = self.woke.grace_from.is_some_and(|woke| self.now - woke <= WAKE_GRACE);
        let forgiven = waking && !self.woke.grace_used && endpoint == Endpoint::Usage && *meaning == Meaning::NotSent;
        self.woke.grace_used |= forgiven;
        forgiven
    }

    /// Another token ends a pause. A 401 whose token was replaced since is no strike. A stored sign-in without the
    /// usage scope pauses the gate (law 6).
    pub(super) fn credential_read(&mut self, account: Option<Who>, settled: bool) -> Result<(), Broken> {
        let (now, who, sign_in, user_settings) = (self.now, self.who, self.sign_in, self.user_settings);
        self.renewing.credential_read();
        self.absent = sign_in.is_none();
        let mut answered = self.under_way.as_mut();
        let refused_usage =
            answered.take_if(|answered| std::mem::take(&mut answered.checking)).map(|answered| answered.token);
        let refused = self.renewing.refused.take();
        let other = !settled || account.is_some_and(|account| account != who);
        self.lacks_scope = sign_in.is_some_and(|sign_in| !sign_in.has_scope) && !other;
        let expected = &mut self.account().expected;
        if let Some(token) = refused_usage {
            let replaced = sign_in.is_some_and(|sign_in| sign_in.access != token);
            if other || replaced {
                expected.usage.forgive();
            }
        }
        if let Some(refused) = refused {
            expected.refused(now, refused, sign_in.and_then(|sign_in| sign_in.refresh).filter(|_| !other || !settled));
        }
        if let Some(sign_in) = sign_in.filter(|_| !other) {
            expected.usage.seen(sign_in.access);
            if !sign_in.has_scope {
                expected.usage.lacks_scope(now, sign_in.access);
            }
            if let Some(refresh) = sign_in.refresh {
                expected.token.seen(refresh);
            }
        }
        if !user_settings.free_only {
            expected.notify_paused(account.is_some() && !other, user_settings);
        }
        Ok(())
    }
}
