"""
What a reader of reports meets next: stance, ellipsis, lists, landmarks, other readers.

Each case was written before its rule was looked at; `A` affirmed, `P` possible, `H` historical, `N`
negated, behind the bone and, where one is named, the first letter of its side. Source of every row:
tests/data/LABELS.md.
"""

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
LETTERS = {"affirmed": "A", "possible": "P", "historical": "H", "negated": "N"}
SIDES = {"left": "/l", "right": "/r", "bilateral": "/b", "unknown": ""}

FAMILIES = {
    "spared or ordinary": [
        ("Marrow edema of the talus. The navicular is dry.", "navicular N, talus A"),
        ("Marrow edema in the cuboid. The calcaneus is dull on STIR.", "calcaneus N, cuboid A"),
        (
            "Marrow edema in the talus. The cuboid has been left out of the process.",
            "cuboid N, talus A",
        ),
        ("STIR edema of the navicular. The cuboid plays no part in this.", "cuboid N, navicular A"),
        ("The marrow of the calcaneus is pure fat.", "calcaneus N"),
        ("The cuboid has ordinary marrow on STIR.", "cuboid N"),
        ("Regular marrow signal of the talus and of the navicular.", "navicular N, talus N"),
        ("The talus returns the expected fatty signal.", "talus N"),
        ("Marrow edema of the talus. The cuboid stayed dark.", "cuboid N, talus A"),
        ("Nothing amiss in the calcaneal marrow.", "calcaneus N"),
        ("I find nothing untoward in the marrow of the navicular.", "navicular N"),
        (
            "Edema of the third metatarsal. The fourth metatarsal lacks any such change.",
            "metatarsal_3 A, metatarsal_4 N",
        ),
        ("Edema of the talus. The calcaneus shows none of this.", "calcaneus N, talus A"),
        ("Edema of the talus. The calcaneus did not share in the process.", "calcaneus N, talus A"),
        ("Bone edema of the talus. The navicular takes no part.", "navicular N, talus A"),
        ("The talus is edematous. Cuboid marrow: unexceptional.", "cuboid N, talus A"),
        (
            "Edema of the talus. The cuboid and navicular are unmarked by it.",
            "cuboid N, navicular N, talus A",
        ),
        ("Marrow edema of the talus. The calcaneus contributes nothing.", "calcaneus N, talus A"),
        ("The calcaneus marrow is entirely fat.", "calcaneus N"),
    ],
    "numbers that stand for bones": [
        (
            "Osteitis of the 3rd MT head. No osteitis in 2 or 4.",
            "metatarsal_2 N, metatarsal_3 A, metatarsal_4 N",
        ),
        (
            "The second and third metatarsals are edematous. The first and fourth are spared.",
            "metatarsal_1 N, metatarsal_2 A, metatarsal_3 A, metatarsal_4 N",
        ),
        (
            "Marrow edema in the second metatarsal. The third shows a little.",
            "metatarsal_2 A, metatarsal_3 A",
        ),
        (
            "Bone edema: MT heads 2, 3. Nil: MT head 1.",
            "metatarsal_1 N, metatarsal_2 A, metatarsal_3 A",
        ),
        (
            "Cuneiforms: edema of the middle and lateral ones.",
            "cuneiform_intermediate A, cuneiform_lateral A",
        ),
        ("4TH RAY: Metatarsal base edema.", "metatarsal_4 A"),
    ],
    "a word before a colon": [
        (
            "Osteitis: talus, navicular. Doubtful: cuboid. Absent: calcaneus.",
            "calcaneus N, cuboid P, navicular A, talus A",
        ),
        (
            "Marrow edema. Present: talus. Equivocal: cuboid. None: calcaneus.",
            "calcaneus N, cuboid P, talus A",
        ),
        ("Bone bruise: talus. Not involved: navicular, cuboid.", "cuboid N, navicular N, talus A"),
        ("Resolved: cuboid edema. Unchanged: talar edema.", "cuboid H, talus A"),
        ("BME - positive: talus, cuboid; negative: calcaneus.", "calcaneus N, cuboid A, talus A"),
        (
            "Bone marrow edema. Spared: calcaneus, cuboid. Involved: talus.",
            "calcaneus N, cuboid N, talus A",
        ),
    ],
    "questions and answers": [
        ("Is there talar marrow edema? On balance, no.", "talus N"),
        ("Is there edema in the navicular? Perhaps.", "navicular P"),
        ("Any stress reaction in the calcaneus? I think not.", "calcaneus N"),
        ("Is there marrow edema in the cuboid? Indeed there is.", "cuboid A"),
        ("Edema of the talus? Unlikely.", "talus N"),
        ("Is there bone edema in the talus? Probably, posteriorly.", "talus P"),
    ],
    "doubt by stance or by the image": [
        ("The cuboid shows a streak which could equally be edema or coil edge.", "cuboid P"),
        (
            "The navicular has faint signal. Whether this is edema or red marrow I cannot say.",
            "navicular P",
        ),
        ("I hesitate to call edema in the cuboid.", "cuboid P"),
        ("There might be a hint of something in the navicular marrow.", "navicular P"),
        ("Signal in the cuboid was hard to judge; I would not exclude edema there.", "cuboid P"),
        ("The talus has a wisp of high signal that may just be noise.", "talus P"),
        ("Calcaneal edema cannot be told apart from motion artifact.", "calcaneus P"),
        ("A subtle stress response of the fifth metatarsal is hard to exclude.", "metatarsal_5 P"),
        (
            "Signal in the navicular is at the limit of what is visible, perhaps edema.",
            "navicular P",
        ),
        ("Marrow edema of the talus may or may not be present.", "talus P"),
        ("I would put the chance of edema in the cuboid at even.", "cuboid P"),
        ("Edema in the cuboid is not certain given the motion.", "cuboid P"),
        ("Suspected stress reaction of the talus is borne out.", "talus A"),
        ("Suspected stress reaction of the talus is not borne out.", "talus N"),
        ("The possible bruise of the cuboid is confirmed on this study.", "cuboid A"),
        ("The alleged navicular edema is not substantiated.", "navicular N"),
    ],
    "a negation that is spent": [
        ("The posterior malleolus, which was not fixed, demonstrates edema.", "distal_tibia A"),
        ("The cuboid, not fractured, is edematous.", "cuboid A"),
        ("The talus, which is not displaced, shows marrow edema.", "talus A"),
        ("The navicular has not collapsed and contains edema.", "navicular A"),
        ("The talus, which has never been operated on, shows edema.", "talus A"),
        ("No fixation of the navicular, which contains marrow edema.", "navicular A"),
    ],
    "the nearest noun takes the hedge": [
        ("Talar marrow edema, early osteomyelitis not excluded.", "talus A"),
        ("Marrow edema of the cuboid, occult fracture cannot be excluded.", "cuboid A"),
        ("Marrow edema in the calcaneus; a fracture line is not seen.", "calcaneus A"),
        ("Edema in the calcaneus, fracture not identified.", "calcaneus A"),
        ("Increased T2 signal in the phalanx, osteomyelitis versus reactive change.", "phalanx A"),
        ("Edema of the navicular, stress fracture versus contusion.", "navicular A"),
    ],
    "landmarks": [
        ("Cuboid: Mild edema along the calcaneal articular margin.", "cuboid A"),
        ("Talus: edema at the navicular articular surface.", "talus A"),
        ("Navicular: subchondral edema on the talar side.", "navicular A"),
        ("Edema in the talus extending nearly to the subtalar joint.", "talus A"),
        ("Edema of the cuboid, reaching almost to the fourth metatarsal base.", "cuboid A"),
        ("Calcaneus: mild edema beneath the Achilles footprint.", "calcaneus A"),
        ("The cuboid has a band of edema beneath the peroneus longus groove.", "cuboid A"),
        ("Edema in the talus deep to the deltoid attachment.", "talus A"),
        ("Edema of the calcaneus at the plantar fascia origin.", "calcaneus A"),
        ("The fifth metatarsal has edema where the peroneus brevis inserts.", "metatarsal_5 A"),
        ("Soft tissue edema beneath the third metatarsal head.", ""),
        ("Edema deep to the plantar plate of the second MTP joint.", ""),
    ],
    "what is normal or taught": [
        (
            "At this stage one expects subchondral edema of the talus; this patient has none.",
            "talus N",
        ),
        ("Marrow edema is more likely to become symptomatic in the talus.", ""),
        (
            "Foci of T2 signal in the tarsal bones, a normal variant in children.",
            "calcaneus N, cuboid N, cuneiform_unspecified N, navicular N, talus N",
        ),
        ("Bone edema is scored at the talus and calcaneus. Grade 0 throughout.", ""),
    ],
    "other readers": [
        ("The outside report claims a bone bruise of the talus. I disagree.", "talus N"),
        ("I do not agree that there is navicular edema.", "navicular N"),
        ("I do not interpret these foci in the talus as marrow edema.", "talus N"),
        ("The resident described talar edema; I do not see it.", "talus N"),
        ("I cannot concur with the reported cuboid edema.", "cuboid N"),
    ],
    "a refusal put last": [
        ("A calcaneal bruise I fail to find.", "calcaneus N"),
        ("Edema in the talus I cannot see.", "talus N"),
        ("Marrow edema of the cuboid we could not find on any sequence.", "cuboid N"),
    ],
    "gone": [
        ("The talar bruise has been reabsorbed.", "talus H"),
        ("The bruise of the cuboid is past.", "cuboid H"),
        ("There has been clearance of the edema from the navicular.", "navicular H"),
        ("The previously edematous navicular has recovered normal signal.", "navicular H"),
        ("Prev bone bruise of the talus.", "talus H"),
        ("On the earlier study the calcaneus lit up on STIR; this has disappeared.", "calcaneus H"),
    ],
    "scores": [
        ("Marrow edema score: talus 2, cuboid 0.", "cuboid N, talus A"),
        (
            "Bone edema of the talus. The cuboid and navicular score zero.",
            "cuboid N, navicular N, talus A",
        ),
    ],
    "sides": [
        ("MRI LEFT FOOT. Symmetric appearing marrow edema of the talus.", "talus/l A"),
        ("MRI RIGHT FOOT. Edema of both sesamoids.", "sesamoid/r A"),
        (
            "MRI BOTH FEET. Posterior calcaneal BME: right ++, left 0.",
            "calcaneus/l N, calcaneus/r A",
        ),
        ("MRI BOTH ANKLES. Talus: right edematous, left normal signal.", "talus/l N, talus/r A"),
        ("MRI BOTH ANKLES. Right: talar edema. Left: none.", "talus/l N, talus/r A"),
        ("M.R.I. LEFT ANKLE. Marrow edema of the talus.", "talus/l A"),
        ("MRI BOTH ANKLES. No edema of the navicular on either side.", "navicular/b N"),
        ("MRI BOTH FEET. Left: treated enthesitis; new talar edema.", "talus/l A"),
    ],
    "lists that are denied": [
        ("It is in neither the navicular nor the cuboid. Edema is in the talus.", "talus A"),
        (
            "Edema lies in the talus. It is in neither the navicular nor the cuboid.",
            "cuboid N, navicular N, talus A",
        ),
        (
            "The sesamoids are normally positioned, and neither contains increased T2 signal.",
            "sesamoid N",
        ),
        (
            "Second and third metatarsals, none of which shows edema.",
            "metatarsal_2 N, metatarsal_3 N",
        ),
        ("Neither bone shows edema: talus, calcaneus.", "calcaneus N, talus N"),
        (
            "No marrow edema is seen, be it in the talus, navicular or cuboid.",
            "cuboid N, navicular N, talus N",
        ),
    ],
    "pictures for edema": [
        ("The right talus is waterlogged.", "talus/r A"),
        ("The navicular is awash with edema.", "navicular A"),
        ("The cuboid is wet on STIR.", "cuboid A"),
    ],
    "a region that sums up": [
        (
            "Edema of the talus. Calcaneus shows no edema.\nIMPRESSION: Hindfoot marrow edema.",
            "calcaneus N, talus A",
        ),
    ],
    "out of view": [
        ("Hardware renders the calcaneus unassessable for edema.", ""),
        ("The marrow around the calcaneal plate is obscured by artifact.", ""),
        ("The talus is degraded by metal; edema cannot be judged.", ""),
    ],
    "also": [
        ("Diffuse edema of the talar body. Also navicular, less.", "navicular A, talus A"),
        (
            "Edema of the talus. Fainter signal of the same type in the navicular.",
            "navicular A, talus A",
        ),
        (
            "Edema of the talus. Analogous alteration at the medial malleolus.",
            "distal_tibia A, talus A",
        ),
        ("Edema of the navicular. The cuboid too, though fainter.", "cuboid A, navicular A"),
    ],
    "long British reports": [
        ("Oedema is present in the subcutaneous fat dorsal to the navicular.", ""),
        (
            "The plantar fascia is thickened, with oedema in the adjacent calcaneal marrow.",
            "calcaneus A",
        ),
        (
            "Marrow signal throughout the hindfoot and midfoot is normal.",
            "calcaneus N, cuboid N, cuneiform_unspecified N, navicular N, talus N",
        ),
        (
            "The bones of the midfoot return normal signal, as do the metatarsals.",
            "cuboid N, cuneiform_unspecified N, metatarsal_unspecified N, navicular N",
        ),
        (
            "I see no evidence of bone oedema in the navicular, cuboid or cuneiforms.",
            "cuboid N, cuneiform_unspecified N, navicular N",
        ),
        (
            "There had been oedema in the talar neck in 2021, and this is no longer present.",
            "talus H",
        ),
        ("The oedema reported in the calcaneum last year is not visible today.", "calcaneus H"),
        ("Comparison with March shows the talar oedema to have gone.", "talus H"),
        (
            "The stress response of the second metatarsal has healed without residual oedema.",
            "metatarsal_2 H",
        ),
        ("Residual oedema persists in the navicular though it is less conspicuous.", "navicular A"),
        ("Effusion of the ankle joint. Mild synovitis. Talus: no marrow abnormality.", "talus N"),
        ("The tibial plafond is smooth and without subchondral oedema.", "distal_tibia N"),
        ("There is minor oedema about the calcaneal enthesis of the Achilles.", "calcaneus A"),
        ("The calcaneal enthesis of the plantar fascia is not oedematous.", "calcaneus N"),
        (
            "No oedema is demonstrated on either side of the calcaneocuboid joint.",
            "calcaneus N, cuboid N",
        ),
        ("No subchondral oedema at the talonavicular joint.", "navicular N, talus N"),
        ("Bone oedema is confined to the cuboid; its neighbours are unaffected.", "cuboid A"),
        ("The remaining tarsal bones and metatarsals show normal marrow.", ""),
        ("The cuboid shows oedema, the remainder of the tarsus being normal.", "cuboid A"),
        ("The medial malleolus and adjacent talus are bruised.", "distal_tibia A, talus A"),
        (
            "A low-grade stress reaction is developing in the third metatarsal shaft.",
            "metatarsal_3 A",
        ),
        (
            "The second and third metatarsal necks, but not the fourth, show oedema.",
            "metatarsal_2 A, metatarsal_3 A, metatarsal_4 N",
        ),
        ("Signal in the calcaneum is entirely as one would wish.", ""),
        ("Both the talus and the calcaneum are free of bruising.", "calcaneus N, talus N"),
        ("I cannot persuade myself that there is oedema in the cuboid.", "cuboid N"),
        ("It is debatable whether there is slight oedema in the talar neck.", "talus P"),
        ("A little oedema in the cuboid is suspected.", "cuboid P"),
        (
            "Whether the faint brightness in the navicular is oedema is open to debate.",
            "navicular P",
        ),
        ("Appearances in the lateral cuneiform are borderline for oedema.", "cuneiform_lateral P"),
        ("Slight increased signal in the talar dome is of doubtful validity.", "talus P"),
        ("The calcaneum may harbour a trace of oedema.", "calcaneus P"),
        ("I have a low index of suspicion for oedema in the cuboid.", "cuboid N"),
        ("Motion limits assessment, but oedema in the navicular is thought likely.", "navicular P"),
        (
            "Possible bruise to the cuboid; the calcaneum is definitely bruised.",
            "calcaneus A, cuboid P",
        ),
        (
            "Coil artefact at the fifth metatarsal base makes oedema there uncertain.",
            "metatarsal_5 P",
        ),
    ],
    "North American reports": [
        ("Bone marrow: Patchy increased T2 signal in the talar body. Otherwise normal.", "talus A"),
        ("Reactive marrow edema at the calcaneal insertion of the Achilles tendon.", "calcaneus A"),
        ("There is no marrow edema to suggest stress injury of the navicular.", "navicular N"),
        ("Navicular: No fracture line or surrounding edema.", "navicular N"),
        ("Intact fifth metatarsal base without edema.", "metatarsal_5 N"),
        ("Hallux sesamoids demonstrate normal marrow signal.", "sesamoid N"),
        (
            "First MTP joint: Mild degenerative change without subchondral edema.",
            "metatarsal_1 N, phalanx N",
        ),
        ("Type 2 accessory navicular with edema across the synchondrosis.", "navicular A"),
        ("Os trigonum with adjacent marrow edema and posterior ankle synovitis.", "talus A"),
        (
            "Interval resolution of calcaneal edema. New edema in the cuboid.",
            "calcaneus H, cuboid A",
        ),
        ("Interval decrease in talar dome edema, now minimal.", "talus A"),
        ("Prior talar contusion, resolved.", "talus H"),
        ("No new marrow edema. Cuboid edema is unchanged.", "cuboid A"),
        ("Evaluate for calcaneal stress fracture.", ""),
        ("Questionable trace edema in the anterior process of the calcaneus.", "calcaneus P"),
        ("T2 signal in the talus is within physiologic limits for the patient's age.", "talus N"),
        ("Muscle edema in the quadratus plantae deep to the calcaneus.", ""),
        (
            "Edema in Hoffa's fat pad. Edema within the sinus tarsi. Talus normal in signal.",
            "talus N",
        ),
        ("Edema within the peroneus brevis tendon at the fifth metatarsal base.", ""),
        ("Extensive soft tissue edema tracks along the metatarsals.", ""),
        (
            "Periosteal edema along the second metatarsal shaft without marrow edema.",
            "metatarsal_2 N",
        ),
        (
            "Edema like signal in the lateral process of the talus and adjacent calcaneus.",
            "calcaneus A, talus A",
        ),
        ("Marrow edema in the talus greater than calcaneus.", "calcaneus A, talus A"),
        (
            "Edema involves the 1st-3rd cuneiforms.",
            "cuneiform_intermediate A, cuneiform_lateral A, cuneiform_medial A",
        ),
    ],
    "short reports": [
        ("Nav hot on STIR, cub cold.", "cuboid N, navicular A"),
        ("BME talus/calc, not nav.", "calcaneus A, navicular N, talus A"),
        ("Cuboid: oedema ++. Navicular: nil. Talus: ?trace.", "cuboid A, navicular N, talus P"),
        ("oedema 5th MT base, 4th ok", "metatarsal_5 A"),
        (
            "Talar dome: bruise, mild; Plafond: bruise, moderate; Fibula: no bruise.",
            "distal_fibula N, distal_tibia A, talus A",
        ),
        ("BME? Yes: calcaneus.", "calcaneus A"),
        ("Calcaneus lit up. Talus not.", ""),
        (
            "Definite navicular oedema, doubtful cuboid oedema, no talar oedema.",
            "cuboid P, navicular A, talus N",
        ),
        ("Of the metatarsals only the third has oedema.", "metatarsal_3 A"),
        ("Save for the cuboid there is no oedema.", "cuboid A"),
        ("The cuboid is the only bone with oedema.", "cuboid A"),
        ("What was oedema in the talus is now normal fat.", "talus H"),
        ("The talus had oedema; it has none now.", "talus H"),
        ("The talus, oedematous in May, is normal now.", "talus H"),
    ],
    "reports of a third hand": [
        ("The marrow of the talus has an unremarkable appearance.", "talus N"),
        ("No signal change is apparent in the marrow of the cuboid.", "cuboid N"),
        ("Within the calcaneus the marrow is of uniform low signal on STIR.", "calcaneus N"),
        (
            "There is no bruise, contusion or stress reaction in any of the metatarsals.",
            "metatarsal_unspecified N",
        ),
        (
            "No abnormal marrow signal is shown in the second to fifth metatarsals.",
            "metatarsal_2 N, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N",
        ),
        (
            "The cuboid is free of oedema, as are the navicular and the cuneiforms.",
            "cuboid N, cuneiform_unspecified N, navicular N",
        ),
        ("Oedema is absent from the calcaneum.", "calcaneus N"),
        ("Oedema spares the navicular but affects the cuboid.", "cuboid A, navicular N"),
        ("Stress reaction of the navicular is excluded.", "navicular N"),
        ("I found no bone bruise in the talus on careful review.", "talus N"),
        ("The bone marrow of the first metatarsal head gives normal fat signal.", "metatarsal_1 N"),
        ("Marrow oedema is not a feature in the calcaneum.", "calcaneus N"),
        ("The suspected talar contusion was not confirmed.", "talus N"),
        ("There may be some early oedema developing in the cuboid.", "cuboid P"),
        ("Faint oedema in the navicular, though I would not be dogmatic about it.", "navicular P"),
        (
            "Oedema of the third metatarsal is a possibility that I cannot dismiss.",
            "metatarsal_3 P",
        ),
        ("The signal in the talar neck is perhaps slightly raised, maybe early oedema.", "talus P"),
        ("Query minor oedema in the medial cuneiform.", "cuneiform_medial P"),
        ("One might suspect oedema in the calcaneal tuberosity.", "calcaneus P"),
        ("It looks as though there could be oedema in the lateral malleolus.", "distal_fibula P"),
        ("Subtle cuboid signal, ?oedema ?artefact.", "cuboid P"),
        ("Oedema in the second metatarsal is difficult to confirm or refute.", "metatarsal_2 P"),
        ("On one slice only there is a suggestion of oedema in the talus.", "talus P"),
        ("Calcaneal oedema is probably present but poorly shown.", "calcaneus P"),
        ("The talar oedema of last winter has vanished.", "talus H"),
        ("Oedema formerly seen in the navicular has not recurred.", "navicular H"),
        ("Bone bruising in the cuboid on the 2023 scan is no more.", "cuboid H"),
        ("The old talar bruise is not appreciable today.", "talus H"),
        ("Her calcaneal stress reaction of two years ago has left no trace.", "calcaneus H"),
        ("The third metatarsal, previously the seat of oedema, is now normal.", "metatarsal_3 H"),
        ("The oedema in the cuboid is less than it was.", "cuboid A"),
        ("The oedema in the talus has not changed since May.", "talus A"),
        ("A fresh area of oedema has appeared in the navicular.", "navicular A"),
        ("The talar oedema has all but gone.", "talus A"),
        (
            "MRI BOTH FEET. The right talus is oedematous and the left is not.",
            "talus/l N, talus/r A",
        ),
        ("The tendon sheath is surrounded by oedema, abutting the medial malleolus.", ""),
        ("Oedema in the fat deep to the Achilles, anterior to the calcaneus.", ""),
        ("The deltoid is oedematous at its talar attachment.", ""),
        ("The muscles plantar to the metatarsals are oedematous.", ""),
        ("Joint effusion with synovial oedema at the talonavicular joint.", ""),
    ],
    "findings and their surroundings": [
        (
            "Fracture of the fifth metatarsal base with oedema of the adjacent shaft.",
            "metatarsal_5 A",
        ),
        ("The osteochondral defect of the talar dome has no oedema beneath it.", "talus N"),
        ("Osteochondral lesion of the talus with a halo of oedema.", "talus A"),
        ("There is no associated marrow oedema about the accessory navicular.", "navicular N"),
        ("Mild oedema is again shown in the lateral talar process.", "talus A"),
        ("High signal is seen in the calcaneum on the STIR sequence.", "calcaneus A"),
        ("Signal is increased in the marrow of the lateral cuneiform.", "cuneiform_lateral A"),
        ("Marked oedema in both sesamoids of the hallux.", "sesamoid A"),
        ("Mild patchy oedema in the tarsus, most marked in the cuboid.", "cuboid A"),
        (
            "Scattered oedema in the midfoot, namely the navicular and medial cuneiform.",
            "cuneiform_medial A, navicular A",
        ),
        ("The hindfoot bones are of normal signal.", "calcaneus N, talus N"),
        ("The forefoot is free of marrow oedema.", "metatarsal_unspecified N"),
        (
            "It is the cuboid rather than the navicular which is oedematous.",
            "cuboid A, navicular N",
        ),
        (
            "The pain is not explained by oedema in the navicular, of which there is none.",
            "navicular N",
        ),
        ("Oedema was looked for in the navicular and not found.", "navicular N"),
        ("Were there oedema in the cuboid one would expect it on the STIR.", ""),
        ("If pain persists, MRI to look for oedema in the navicular may be helpful.", ""),
        ("The referring team ask about talar oedema. There is none.", "talus N"),
        ("I can confirm the oedema in the cuboid described by my colleague.", "cuboid A"),
        (
            "Compared with the previous examination the navicular oedema is more extensive.",
            "navicular A",
        ),
        (
            "Talus, calcaneum, cuboid: no oedema. Navicular: moderate oedema.",
            "calcaneus N, cuboid N, navicular A, talus N",
        ),
        (
            "Talus/calcaneus/navicular/cuboid - no marrow oedema.",
            "calcaneus N, cuboid N, navicular N, talus N",
        ),
        ("There is a trace of oedema in the cuboid, insignificant in my view.", "cuboid A"),
        ("Oedema of the talus, of no clinical concern.", "talus A"),
    ],
}
CASES = [
    pytest.param(text, expected, id=f"{family}: {text[:60]}")
    for family, rows in FAMILIES.items()
    for text, expected in rows
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_stance(text, expected):
    found = fold(READER.read(text).statements)

    said = {f"{f.bone}{SIDES[f.laterality]} {LETTERS[f.certainty]}" for f in found}

    assert said == {part for part in expected.split(", ") if part}
