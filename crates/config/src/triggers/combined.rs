//! And and Or triggers.

use punctual_core::IntoTrigger;
use punctual_triggers::{AndTrigger, OrTrigger};

use super::common::{CommonFields, apply};
use super::members;
use crate::configured_trigger::ConfiguredTrigger;
use crate::plugins::{PluginError, Plugins};
use crate::section::Section;

macro_rules! combination {
    ($read:ident, $trigger:ident, $method:ident) => {
        pub(super) fn $read(
            section: &mut Section,
            plugins: &Plugins,
        ) -> Result<ConfiguredTrigger, PluginError> {
            let members = members(section, plugins)?;
            let Some((first, others)) = members.split_first() else {
                return Err(Box::new(section.invalid_secret("triggers", "a list that is not empty")));
            };
            let (first, others) = (first.clone(), others.to_vec());
            let fields = CommonFields::read(section)?.with_limits(section)?;
            Ok(ConfiguredTrigger::new(move |defaults| {
                let mut builder = $trigger::of(first.clone());
                for member in &others {
                    builder = builder.$method(member.clone());
                }
                apply!(builder, fields => timezone start_date end_date jitter max_runs)
                    .into_trigger(defaults)
            }))
        }
    };
}
combination!(read_and, AndTrigger, and);
combination!(read_or, OrTrigger, or);
