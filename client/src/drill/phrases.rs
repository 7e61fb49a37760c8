//! What a drill says, in every language that has a fixed wording.
//!
//! The words are fixed, so that no officer ever wonders what is asked: they name the exercise three
//! times, as is done by voice, and ask for what a real alert asks for.

/// The wording of one language.
#[derive(Debug)]
pub(super) struct Phrase {
    /// The primary language, as BCP 47 has it.
    pub(super) language: &'static str,
    /// The subject.
    pub(super) subject: &'static str,
    /// The text.
    pub(super) text: &'static str,
}

/// All wordings, the one that everybody gets first. An alert holds eight subjects.
pub(super) const PHRASES: &[Phrase] = &[
    Phrase {
        language: "en",
        subject: "EXERCISE EXERCISE EXERCISE",
        text: "This is an exercise: nothing has happened. Acknowledge it as you would acknowledge \
               a real alert, and do nothing else.",
    },
    Phrase {
        language: "fr",
        subject: "EXERCICE EXERCICE EXERCICE",
        text: "Ceci est un exercice : il ne s'est rien passé. Accusez réception comme pour une \
               alerte réelle, et ne faites rien d'autre.",
    },
    Phrase {
        language: "es",
        subject: "EJERCICIO EJERCICIO EJERCICIO",
        text: "Esto es un ejercicio: no ha ocurrido nada. Acuse recibo como lo haría con una \
               alerta real, y no haga nada más.",
    },
    Phrase {
        language: "ar",
        subject: "تمرين تمرين تمرين",
        text: "هذا تمرين: لم يحدث شيء. أكِّد الاستلام كما تفعل مع إنذار حقيقي، ولا تفعل شيئًا آخر.",
    },
    Phrase {
        language: "pt",
        subject: "EXERCÍCIO EXERCÍCIO EXERCÍCIO",
        text: "Isto é um exercício: não aconteceu nada. Acuse a receção como faria com um alerta \
               real e não faça mais nada.",
    },
    Phrase {
        language: "de",
        subject: "ÜBUNG ÜBUNG ÜBUNG",
        text: "Dies ist eine Übung: Es ist nichts geschehen. Bestätigen Sie sie wie einen echten \
               Alarm, und tun Sie sonst nichts.",
    },
    Phrase {
        language: "it",
        subject: "ESERCITAZIONE ESERCITAZIONE ESERCITAZIONE",
        text: "Questa è un'esercitazione: non è successo nulla. Confermate la ricezione come per \
               un allarme reale e non fate altro.",
    },
    Phrase {
        language: "ru",
        subject: "УЧЕНИЯ УЧЕНИЯ УЧЕНИЯ",
        text: "Это учения: ничего не произошло. Подтвердите получение, как при настоящей тревоге, \
               и больше ничего не делайте.",
    },
];
