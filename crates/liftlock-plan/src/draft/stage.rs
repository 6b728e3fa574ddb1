//! The stage of one environment: its gates, its body and its checks, with every list gone over and every condition
//! decided.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use liftlock_check::coverage;
use liftlock_journal::Ledger;
use liftlock_model::evaluate::{Facts, Steps, evaluate, value_text};
use liftlock_model::expr::{Expr, LocalId};
use liftlock_model::value::Value;
use liftlock_model::{self as model, EnvironmentId, Frame, Pipeline};
use liftlock_names::{Address, Part};

use super::kinds::{check_kind, effect_kind};
use crate::document::{Change, Check, Class, Coverage, Effect, Gate, GateKind, Hooks, InDoubt, Node, Stage};
use crate::error::PlanError;

/// Makes the stage of one environment.
pub(super) struct Drafter<'a> {
    pub pipeline: &'a Pipeline,
    /// What is known when the environment is entered.
    pub facts: Facts<'a>,
    pub environment: EnvironmentId,
    /// How many items have been drafted, and members been gone over, for the stage.
    drafted: Rc<Cell<usize>>,
}

/// How many items one stage may have: loops in loops multiply.
const MOST_ITEMS: usize = 100_000;

/// Where one stands in a body.
#[derive(Clone)]
struct Place<'f> {
    part: Part,
    path: Vec<String>,
    covered: bool,
    facts: Facts<'f>,
}

impl Place<'_> {
    fn inside(&self, name: &str) -> Self {
        let mut inner = self.clone();
        inner.path.push(name.to_owned());
        inner
    }
}

impl<'a> Drafter<'a> {
    pub fn new(pipeline: &'a Pipeline, facts: Facts<'a>, environment: EnvironmentId) -> Self {
        Drafter { pipeline, facts, environment, drafted: Rc::default() }
    }

    /// Counts an item that is about to be drafted.
    fn count(&self) -> Result<(), PlanError> {
        self.drafted.set(self.drafted.get() + 1);
        if self.drafted.get() <= MOST_ITEMS {
            return Ok(());
        }
        Err(PlanError::BadValue {
            what: format!("the number of items in one stage of `{}`", self.pipeline.name),
            value: format!("more than {MOST_ITEMS}"),
            help: "loops in loops multiply; go over fewer members".to_owned(),
        })
    }

    pub fn stage(&self, ledger: &Ledger) -> Result<Stage, PlanError> {
        let model = self.facts.model;
        let environment = model.environment(self.environment);
        let previous = ledger.current(&self.pipeline.name, &environment.name);
        let coverage = coverage(model, self.pipeline, self.environment);
        let gates = self.pipeline.before.get(&self.environment);
        let steps = Steps::default();
        let facts = Facts { steps: Some(&steps), ..self.facts };
        let place = Place { part: Part::Deploy, path: Vec::new(), covered: false, facts };
        Ok(Stage {
            environment: environment.name.clone(),
            protected: environment.protected,
            lock: environment.lock().to_owned(),
            requires: environment.requires.iter().map(|(id, _)| model.environment(*id).name.clone()).collect(),
            drill: environment.drill,
            drill_within_ms: environment.drill_within.map(|(within, _)| within),
            previous: previous.map(|released| released.release.clone()),
            gates: self.gates(gates.into_iter().flatten())?,
            body: self.nodes(self.pipeline.deploy_in(self.environment), &place)?,
            verify: self.checks(self.environment)?,
            verify_restored: Vec::new(),
            coverage: Coverage { restored: coverage.restored(), total: coverage.total() },
        })
    }

    /// The notices of one end of a run, which belong to no environment.
    pub fn hooks(pipeline: &Pipeline, facts: Facts<'_>) -> Result<Hooks, PlanError> {
        let notices = |event: &str, nodes: &[model::Node]| {
            let steps = Steps::default();
            let facts = Facts { environment: None, previous: None, steps: Some(&steps), ..facts };
            let drafter = Drafter::new(pipeline, facts, EnvironmentId(0));
            let place = Place { part: Part::On, path: vec![event.to_owned()], covered: false, facts };
            let nodes = drafter.nodes(nodes, &place)?;
            Ok::<_, PlanError>(crate::document::effects_of(&nodes).into_iter().cloned().collect())
        };
        Ok(Hooks {
            success: notices("success", &pipeline.hooks.success)?,
            failure: notices("failure", &pipeline.hooks.failure)?,
            interrupt: notices("interrupt", &pipeline.hooks.interrupt)?,
            in_doubt: match pipeline.hooks.in_doubt {
                model::InDoubt::Ask => InDoubt::Ask,
                model::InDoubt::Undo => InDoubt::Undo,
            },
        })
    }

    fn address(&self, part: Part, path: &[String], name: &str) -> Address {
        let mut path = path.to_vec();
        path.push(name.to_owned());
        let environment = match part {
            Part::On => Address::RUN.to_owned(),
            _ => self.facts.model.environment(self.environment).name.clone(),
        };
        Address { pipeline: self.pipeline.name.clone(), environment, part, path }
    }

    fn nodes(&self, nodes: &[model::Node], place: &Place<'_>) -> Result<Vec<Node>, PlanError> {
        let mut drafted = Vec::with_capacity(nodes.len());
        for node in nodes {
            self.count()?;
            match node {
                model::Node::Effect(effect) => drafted.push(Node::Effect(Box::new(self.effect(effect, place)?))),
                model::Node::Check(check) => drafted.push(Node::Check(Box::new(Check {
                    address: self.address(place.part, &place.path, &check.name),
                    docs: check.docs.clone(),
                    kind: check_kind(&check.kind, &check.name, place.facts)?,
                }))),
                model::Node::Phase { name, body, rollback, .. } => {
                    let inside = place.inside(name);
                    let covered = place.covered || rollback.is_some();
                    let body = self.nodes(body, &Place { covered, ..inside.clone() })?;
                    let cover = Place { covered: true, ..inside.inside("rollback") };
                    let cover = |effects: &Vec<model::Effect>| {
                        effects.iter().map(|effect| self.effect(effect, &cover)).collect::<Result<_, _>>()
                    };
                    let rollback = rollback.as_ref().map(cover).transpose()?;
                    drafted.push(Node::Phase { name: name.clone(), body, rollback });
                }
                model::Node::Parallel { name, body, .. } => {
                    let body = self.together(body, &place.inside(name))?;
                    drafted.push(Node::Parallel { name: name.clone(), body });
                }
                model::Node::When { condition, body, .. } => {
                    if evaluate(condition, place.facts) == Value::Bool(true) {
                        drafted.extend(self.nodes(body, place)?);
                    }
                }
                model::Node::Each { variable, name, over, at_most, body, .. } => {
                    drafted.extend(self.each((*variable, name), over, at_most.as_ref(), body, place)?);
                }
            }
        }
        Ok(drafted)
    }

    /// The members of a `parallel`: what `each` or `when` makes of one of them keeps its order.
    fn together(&self, nodes: &[model::Node], place: &Place<'_>) -> Result<Vec<Node>, PlanError> {
        let mut members = Vec::with_capacity(nodes.len());
        for node in nodes {
            let mut body = self.nodes(std::slice::from_ref(node), place)?;
            if body.len() < 2 {
                members.append(&mut body);
                continue;
            }
            let name = match node {
                model::Node::Each { name, .. } => format!("each {name}"),
                _ => "when".to_owned(),
            };
            members.push(Node::Phase { name, body, rollback: None });
        }
        Ok(members)
    }

    /// The body once for each member: one after another, or so many at once.
    fn each(
        &self,
        (variable, name): (LocalId, &str),
        over: &Expr,
        at_most: Option<&Expr>,
        body: &[model::Node],
        place: &Place<'_>,
    ) -> Result<Vec<Node>, PlanError> {
        let members = members(name, over, place.facts)?;
        let at_once = match at_most {
            None => 1,
            Some(at_most) => at_once(&evaluate(at_most, place.facts), members.len())?,
        };
        let mut turns = Vec::with_capacity(members.len());
        for (key, value) in members {
            self.count()?;
            let locals = [place.facts.locals, &[(variable, value)]].concat();
            let facts = Facts { locals: &locals, ..place.facts };
            let body = self.nodes(body, &Place { facts, ..place.inside(&key) })?;
            turns.push(Node::Phase { name: key, body, rollback: None });
        }
        if at_once == 1 {
            return Ok(turns);
        }
        let mut waves = Vec::new();
        let mut turns = turns.into_iter().peekable();
        while turns.peek().is_some() {
            let body: Vec<Node> = turns.by_ref().take(at_once).collect();
            waves.push(Node::Parallel { name: format!("{name} wave {}", waves.len() + 1), body });
        }
        Ok(waves)
    }

    fn effect(&self, effect: &model::Effect, place: &Place<'_>) -> Result<Effect, PlanError> {
        let address = self.address(place.part, &place.path, &effect.name);
        if let Some(steps) = place.facts.steps {
            steps.note(effect.id, address.within_stage());
        }
        Ok(Effect {
            kind: effect_kind(effect, place.facts)?,
            address,
            docs: effect.docs.clone(),
            class: class(effect, place.covered),
            observed: None,
            change: Change::Unobserved,
            applied_over: None,
        })
    }

    fn gates<'g>(&self, gates: impl Iterator<Item = &'g model::Gate>) -> Result<Vec<Gate>, PlanError> {
        let mut drafted = Vec::new();
        for gate in gates {
            unfold(&gate.frames, self.facts, &[], &|| self.count(), &mut |path, facts| {
                self.count()?;
                let address = self.address(Part::Before, path, &gate.name);
                drafted.push(Gate { address, docs: gate.docs.clone(), kind: self.gate_kind(gate, facts)? });
                Ok(())
            })?;
        }
        Ok(drafted)
    }

    fn gate_kind(&self, gate: &model::Gate, facts: Facts<'_>) -> Result<GateKind, PlanError> {
        let model = facts.model;
        Ok(match &gate.kind {
            model::GateKind::Approval { from, need, own, expires } => {
                let group = model.group(*from);
                GateKind::Approval {
                    group: group.name.clone(),
                    members: group.members.clone(),
                    need: *need,
                    own: *own,
                    expires_ms: *expires,
                }
            }
            model::GateKind::Window { calendar } => {
                let calendar = model.calendar(*calendar);
                GateKind::Window {
                    calendar: calendar.name.clone(),
                    zone: calendar.zone.clone(),
                    allow: calendar.allow.clone(),
                    deny: calendar.deny.clone(),
                }
            }
            model::GateKind::Soak { environment, lasts, every } => GateKind::Soak {
                environment: model.environment(*environment).name.clone(),
                lasts_ms: *lasts,
                every_ms: *every,
                checks: self.checks(*environment)?,
            },
            model::GateKind::Check(kind) => GateKind::Check(check_kind(kind, &gate.name, facts)?),
        })
    }

    /// The pipeline's checks, as they are for an environment.
    fn checks(&self, environment: EnvironmentId) -> Result<Vec<Check>, PlanError> {
        let facts = Facts { environment: Some(environment), ..self.facts };
        // Those of a soak belong to the stage that waits for it.
        let drafter = Drafter { pipeline: self.pipeline, facts, environment, drafted: Rc::clone(&self.drafted) };
        let mut drafted = Vec::new();
        for check in self.pipeline.verify_in(environment) {
            unfold(&check.frames, facts, &[], &|| drafter.count(), &mut |path, facts| {
                drafter.count()?;
                let address = drafter.address(Part::Verify, path, &check.name);
                let kind = check_kind(&check.kind, &check.name, facts)?;
                drafted.push(Check { address, docs: check.docs.clone(), kind });
                Ok(())
            })?;
        }
        Ok(drafted)
    }
}

/// How an effect is taken back.
fn class(effect: &model::Effect, covered: bool) -> Class {
    let why = match &effect.kind {
        model::EffectKind::Step(step) => step.irreversible.as_ref(),
        model::EffectKind::Http(http) => http.irreversible.as_ref(),
        model::EffectKind::Manual(manual) => manual.irreversible.as_ref(),
        _ => None,
    };
    match liftlock_check::class(effect, covered) {
        liftlock_check::Class::Irreversible => Class::Irreversible { why: why.cloned().unwrap_or_default() },
        liftlock_check::Class::Covered => Class::Covered,
        liftlock_check::Class::ReadOnly => Class::ReadOnly,
        liftlock_check::Class::Reversible => Class::Reversible,
        // A checked model has none; if it had, nothing could take it back.
        liftlock_check::Class::Uncovered => Class::Irreversible { why: "nothing takes it back".to_owned() },
    }
}

/// Drafts what stands at a path, with what is known there.
type Draft<'d> = dyn FnMut(&[String], Facts<'_>) -> Result<(), PlanError> + 'd;

/// Counts a member that is gone over, and says when there are too many.
type Count<'c> = dyn Fn() -> Result<(), PlanError> + 'c;

/// Calls `draft` for each way in which what stands in the frames is there.
fn unfold(
    frames: &[Frame],
    facts: Facts<'_>,
    path: &[String],
    count: &Count<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), PlanError> {
    let Some((frame, inner)) = frames.split_first() else { return draft(path, facts) };
    match frame {
        Frame::Call { name } => unfold(inner, facts, &[path, std::slice::from_ref(name)].concat(), count, draft),
        Frame::When { condition } => match evaluate(condition, facts) {
            Value::Bool(true) => unfold(inner, facts, path, count, draft),
            _ => Ok(()),
        },
        Frame::Each { variable, name, over } => {
            for (key, value) in members(name, over, facts)? {
                // A loop in a loop in which nothing stands takes its time all the same.
                count()?;
                let locals = [facts.locals, &[(*variable, value)]].concat();
                unfold(inner, Facts { locals: &locals, ..facts }, &[path, &[key]].concat(), count, draft)?;
            }
            Ok(())
        }
    }
}

/// How many members one `each` may have.
const MOST_MEMBERS: usize = 10_000;

/// The members of a list, each with what its part of the plan is called: `host["web-1"]`. A record is called by its `name`,
/// where it has one, and else by its place.
fn members(name: &str, over: &Expr, facts: Facts<'_>) -> Result<Vec<(String, Value)>, PlanError> {
    let too_many = |count: String| PlanError::BadValue {
        what: format!("the number of members that `each {name}` goes over"),
        value: count,
        help: format!("no more than {MOST_MEMBERS} are planned"),
    };
    let values = match evaluate(over, facts) {
        Value::List(values) => values,
        Value::Range(from, to) => match (*from, *to) {
            (Value::Int(from), Value::Int(to)) => {
                let count = i128::from(to) - i128::from(from) + 1;
                if count > MOST_MEMBERS as i128 {
                    return Err(too_many(count.to_string()));
                }
                (from..=to).map(Value::Int).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    if values.len() > MOST_MEMBERS {
        return Err(too_many(values.len().to_string()));
    }
    let mut seen: HashSet<String> = HashSet::new();
    let mut members = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        let key = match &value {
            Value::Int(number) => format!("{name}[{number}]"),
            Value::Map(fields) => match fields.get("name") {
                // A place changes where a list grows at its front; a name stays.
                Some(own @ Value::Text(_)) => called(name, own),
                _ => format!("{name}[{at}]"),
            },
            Value::List(_) | Value::Range(..) | Value::None => format!("{name}[{at}]"),
            value => called(name, value),
        };
        if !seen.insert(key.clone()) {
            return Err(PlanError::BadValue {
                what: format!("what `each {name}` goes over"),
                value: key,
                help: "it is there twice, and nothing can be done twice under one name".to_owned(),
            });
        }
        members.push((key, value));
    }
    Ok(members)
}

/// `host["web-1"]`
fn called(name: &str, value: &Value) -> String {
    format!("{name}[{:?}]", value_text(value).to_string())
}

/// How many members are worked on at once: at least one.
fn at_once(at_most: &Value, members: usize) -> Result<usize, PlanError> {
    match at_most {
        Value::Int(count) if *count >= 1 => Ok(usize::try_from(*count).unwrap_or(usize::MAX).min(members).max(1)),
        // A share of a few is rounded down: what is asked for is the most.
        Value::Percent(share) if *share > 0.0 => Ok(((members as f64 * share / 100.0) as usize).max(1)),
        value => Err(PlanError::BadValue {
            what: "`at_most`".to_owned(),
            value: value_text(value).to_string(),
            help: "a number from 1 on is wanted, or a share above 0%".to_owned(),
        }),
    }
}
