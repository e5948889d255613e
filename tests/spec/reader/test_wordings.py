"""
The same in other words: what radiologists write of marrow, phrased anew for each kind of wording.

Each case is a sentence or two of ours; `A` affirmed, `P` possible, `H` historical, `N` negated. A
side is named where the case is about sides. Source of every row: tests/data/LABELS.md.
"""

import pytest

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
LETTERS = {"affirmed": "A", "possible": "P", "historical": "H", "negated": "N"}

FAMILIES = {
    "starred options, what a request says, the fibular marrow": [
        (
            (
                "Marrow edema\ntalus: yes / NO*\nnavicular: YES* / no\ncuboid: yes / NO*\n(* = "
                "selected)"
            ),
            "cuboid N, navicular A, talus N",
        ),
        ("Marrow edema\n- talus: no* / yes\n- cuboid: no / yes*", "cuboid A, talus N"),
        ("Marrow edema in the talus: none / mild* / severe", "talus A"),
        ("Marrow edema in the cuboid: none* / mild / severe", "cuboid N"),
        (
            ("The requesting physician asks: edema of the cuboid? The talus contains edema."),
            "talus A",
        ),
        (
            (
                "The referring surgeon writes: marrow edema of the calcaneus suspected. The "
                "calcaneus has normal marrow signal."
            ),
            "calcaneus N",
        ),
        ("The request reads: bone bruise of the talus. The talus is not bruised.", "talus N"),
        ("The fibular marrow is normal.", "distal_fibula N"),
        ("Edema of the talus. The fibular marrow shows no edema.", "distal_fibula N, talus A"),
    ],
    "tallies: each bone, and how it is": [
        (
            (
                "Bone marrow contusions: distal fibula, none; medial malleolus, small; talus, "
                "moderate; calcaneus, small."
            ),
            "calcaneus A, distal_fibula N, distal_tibia A, talus A",
        ),
        ("Marrow edema: talus definite, navicular possible.", "navicular P, talus A"),
        ("Marrow edema: talus, none; cuboid, mild.", "cuboid A, talus N"),
        (
            ("Marrow edema: navicular, trace; cuboid, nil; 2nd metatarsal base, marked."),
            "cuboid N, metatarsal_2 A, navicular A",
        ),
        (
            ("Marrow oedema: talus severe, calcaneus doubtful, cuboid none."),
            "calcaneus P, cuboid N, talus A",
        ),
    ],
    "rows, and what is said of some of them": [
        (
            "METATARSALS: First - no marrow edema. Second - edema in the neck. Third - no edema.",
            "metatarsal_1 N, metatarsal_2 A, metatarsal_3 N",
        ),
        (
            "Metatarsals: Fourth: marrow edema in the shaft. Fifth: normal marrow.",
            "metatarsal_4 A, metatarsal_5 N",
        ),
        (
            (
                "METATARSALS: First - no edema. Second - healed fracture; the marrow is devoid "
                "of edema. Third - undisplaced neck fracture, with edema."
            ),
            "metatarsal_1 N, metatarsal_2 N, metatarsal_3 A",
        ),
        (
            (
                "CUNEIFORMS: The medial cuneiform has no edema. The intermediate and the "
                "lateral show edema."
            ),
            "cuneiform_intermediate A, cuneiform_lateral A, cuneiform_medial N",
        ),
        (
            "The lateral cuneiform is edematous. The intermediate shows no edema.",
            "cuneiform_intermediate N, cuneiform_lateral A",
        ),
        (
            "Cuneiforms: Medial - edema. Intermediate - no edema.",
            "cuneiform_intermediate N, cuneiform_medial A",
        ),
        (
            (
                "Edema in the cuboid. Among the metatarsals the change is limited to the bases "
                "of the first and second."
            ),
            "cuboid A, metatarsal_1 A, metatarsal_2 A",
        ),
        ("Bone marrow edema. The changes are confined to the talus.", "talus A"),
        (
            "Midfoot: marrow edema except in the cuboid.",
            "cuboid N, cuneiform_unspecified A, navicular A",
        ),
        ("Hindfoot: marrow edema except the talus.", "calcaneus A, talus N"),
        (
            "Tarsal bones: edema except in the navicular and cuboid.",
            "calcaneus A, cuboid N, cuneiform_unspecified A, navicular N, talus A",
        ),
        (
            "In the forefoot part of the ankle field, the navicular has normal marrow signal.",
            "navicular N",
        ),
        (
            (
                "Bone bruise of the talus? None. And the cuboid? Here, yes: a smudge of marrow "
                "edema. And the navicular? Cannot be excluded, given ghosting."
            ),
            "cuboid A, navicular P, talus N",
        ),
        (
            (
                "Previously the second, third and fourth metatarsals were edematous; now only "
                "the third is, and the others have normalized."
            ),
            "metatarsal_2 H, metatarsal_3 A, metatarsal_4 H",
        ),
        (
            (
                "3rd metatarsal - marrow edema, mid shaft.\n2nd metatarsal - none\n5th "
                "metatarsal - none\nhx of stress fracture of the 4th MT in 2019, healed"
            ),
            "metatarsal_2 N, metatarsal_3 A, metatarsal_5 N",
        ),
        ("Marrow edema\ntalus: yes\nnavicular: no\ncuboid: yes", "cuboid A, navicular N, talus A"),
        ("First TMT joint preserved, without edema.", "cuneiform_medial N, metatarsal_1 N"),
        ("The talonavicular joint is normal, without marrow edema.", "navicular N, talus N"),
        ("The joint is normal, with no edema in the talus.", "talus N"),
        ("Marrow edema of the talus. The calcaneocuboid joint is normal.", "talus A"),
        (
            "Bone bruises: talus (medial), moderate; calcaneus, none; cuboid, possible.",
            "calcaneus N, cuboid P, talus A",
        ),
        ("Marrow edema score: talus 2, calcaneus 0.", "calcaneus N, talus A"),
        ("The tibial marrow is edematous.", "distal_tibia A"),
    ],
    "a word that takes back a whole list": [
        ("The edema previously seen in the talus and the cuboid is gone.", "cuboid H, talus H"),
        (
            "Marrow edema in the talus, navicular and cuboid has completely resolved.",
            "cuboid H, navicular H, talus H",
        ),
        (
            "Edema persists in the talus and the cuboid has recovered completely.",
            "cuboid H, talus A",
        ),
    ],
    "bones said to be normal": [
        (
            "The navicular, cuboid and cuneiforms return normal signal.",
            "cuboid N, cuneiform_unspecified N, navicular N",
        ),
        (
            ("The talus and calcaneus have preserved marrow fat signal on every sequence."),
            "calcaneus N, talus N",
        ),
        ("Marrow signal is preserved throughout the calcaneus.", "calcaneus N"),
        ("No abnormality of marrow is identified in the cuboid.", "cuboid N"),
        ("No abnormal signal is seen within the talar dome.", "talus N"),
        ("The calcaneal marrow is unremarkable.", "calcaneus N"),
        (
            "The second to fifth metatarsals look healthy on STIR.",
            "metatarsal_2 N, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N",
        ),
        ("The cuboid is of normal signal intensity.", "cuboid N"),
        ("Signal within the navicular is normal.", "navicular N"),
        ("There is nothing in the talus to suggest a bruise.", "talus N"),
        ("The talus is devoid of any edema.", "talus N"),
        (
            (
                "Marrow edema in the lateral cuneiform. The cuboid and navicular show no "
                "similar change."
            ),
            "cuboid N, cuneiform_lateral A, navicular N",
        ),
        ("Marrow edema of the talus. The calcaneus does not show any.", "calcaneus N, talus A"),
        ("Marrow edema of the talus. None in the calcaneus.", "calcaneus N, talus A"),
        ("The metatarsals are normal in signal and morphology.", "metatarsal_unspecified N"),
        ("The calcaneus is intact, with normal marrow.", "calcaneus N"),
        (
            ("Bone marrow signal within the navicular and the cuboid is within normal limits."),
            "cuboid N, navicular N",
        ),
        ("The cuneiform bones demonstrate homogeneous fatty marrow.", "cuneiform_unspecified N"),
        (
            (
                "The tarsal navicular demonstrates no increased signal on the "
                "fluid-sensitive images."
            ),
            "navicular N",
        ),
        (
            ("There is no suggestion of any medullary abnormality in the third metatarsal."),
            "metatarsal_3 N",
        ),
        (
            "Marrow is normal in the talus, calcaneus, and navicular.",
            "calcaneus N, navicular N, talus N",
        ),
        ("Normal marrow signal is maintained in the talus and calcaneus.", "calcaneus N, talus N"),
        ("The cuboid suppresses fully. Edema is seen in the talus.", "cuboid N, talus A"),
        ("The calcaneus retains its normal fatty marrow.", "calcaneus N"),
        ("The fourth metatarsal marrow signal is bland.", "metatarsal_4 N"),
        ("STIR signal in the calcaneus is normal throughout.", "calcaneus N"),
        ("The navicular has lost none of its fatty marrow signal.", "navicular N"),
        (
            "Infarcts in the talus and calcaneus without surrounding edema in either.",
            "calcaneus N, talus N",
        ),
        ("No edema is present around the navicular cyst.", "navicular N"),
        ("There is a cyst in the cuboid. No edema surrounds the cyst.", "cuboid N"),
        (
            (
                "There is a fracture of the fifth metatarsal base. The fracture is "
                "surrounded by marrow edema."
            ),
            "metatarsal_5 A",
        ),
        (
            (
                "Small osteochondral lesion of the medial talar dome with no underlying "
                "marrow edema."
            ),
            "talus N",
        ),
        ("A bone island in the calcaneus without reactive marrow change.", "calcaneus N"),
        (
            "Both bones forming the calcaneocuboid joint have normal marrow.",
            "calcaneus N, cuboid N",
        ),
        (
            ("The talonavicular joint is narrowed, with no subchondral edema on either side."),
            "navicular N, talus N",
        ),
        (
            "First MTP joint osteoarthritis without associated marrow edema.",
            "metatarsal_1 N, phalanx N",
        ),
        (
            "No bone bruise is demonstrated at the talus, calcaneus, or fibula.",
            "calcaneus N, distal_fibula N, talus N",
        ),
        (
            "The calcaneus and cuboid are spared from edema; the talus is edematous.",
            "calcaneus N, cuboid N, talus A",
        ),
        ("The hindfoot bones are free from marrow edema.", "calcaneus N, talus N"),
        ("Of the tarsal bones only the cuboid is edematous.", "cuboid A"),
        (
            "Talus: marrow normal. Calcaneus: marrow normal. Navicular: edema.",
            "calcaneus N, navicular A, talus N",
        ),
    ],
    "gone, in other words": [
        ("The talar edema noted in March has vanished.", "talus H"),
        (
            (
                "Previously documented stress reaction of the second metatarsal is no "
                "longer apparent."
            ),
            "metatarsal_2 H",
        ),
        (
            ("The prior study showed marrow edema of the cuboid, which has completely gone."),
            "cuboid H",
        ),
        ("Compared with the last MRI the calcaneal edema has cleared.", "calcaneus H"),
        ("Complete regression of the navicular marrow edema.", "navicular H"),
        ("The once extensive edema in the talar neck has dispersed.", "talus H"),
        ("Marrow edema, present in the talus at baseline, is not seen today.", "talus H"),
        (
            ("There was marrow edema in the cuboid on the previous exam; it is no longer evident."),
            "cuboid H",
        ),
        (
            (
                "Since the prior exam, there has been resolution of the edema in the third "
                "metatarsal."
            ),
            "metatarsal_3 H",
        ),
        ("The earlier navicular bone bruise has fully healed.", "navicular H"),
        ("The bruise of the calcaneus that we reported in June has melted away.", "calcaneus H"),
        (
            "Compared with 12 May 2023: talar edema resolved, calcaneal edema persists.",
            "calcaneus A, talus H",
        ),
        (
            (
                "The edema within the medial cuneiform shown on the earlier scan has now "
                "settled completely."
            ),
            "cuneiform_medial H",
        ),
        ("The marrow signal of the talus has normalized since the previous study.", "talus H"),
        (
            ("Previous marrow edema in the second metatarsal shaft has returned to normal."),
            "metatarsal_2 H",
        ),
        (
            ("On the prior examination the navicular was edematous; it now has normal signal."),
            "navicular H",
        ),
        ("The navicular, edematous last year, is now normal.", "navicular H"),
        ("Interval disappearance of the talar bone contusion.", "talus H"),
        (
            ("The marrow edema seen previously in the calcaneus is absent on the current study."),
            "calcaneus H",
        ),
        (
            (
                "COMPARISON: MRI 3/2/2023, which showed edema of the cuboid.\nFINDINGS: No "
                "marrow edema in the talus."
            ),
            "cuboid H, talus N",
        ),
        (
            ("The cuboid contusion described in the earlier report is not reproduced today."),
            "cuboid H",
        ),
        ("Edema of the fourth metatarsal was not edematous before and is new.", "metatarsal_4 A"),
        ("The previously seen edema of the talus persists but is less extensive.", "talus A"),
        ("The edema in the navicular has halved in volume.", "navicular A"),
        ("Marrow edema in the calcaneus has receded but not vanished.", "calcaneus A"),
        ("The talar marrow edema is down to a thin rim.", "talus A"),
        ("Talar dome edema on the 2022 MRI has been replaced by normal fat.", "talus H"),
    ],
    "doubt": [
        ("The calcaneus may harbor early marrow edema.", "calcaneus P"),
        ("There is a suggestion of marrow edema in the cuboid.", "cuboid P"),
        ("Faint STIR signal in the talar neck, edema or artifact, cannot be decided.", "talus P"),
        (
            ("Faint hyperintensity in the cuboid, indeterminate between edema and partial volume."),
            "cuboid P",
        ),
        (
            (
                "Increased STIR signal in the lateral talus, seen on one plane only, "
                "possibly artifactual."
            ),
            "talus P",
        ),
        ("I am not certain about marrow edema in the fourth metatarsal.", "metatarsal_4 P"),
        ("Marrow edema in the navicular is plausible but unproven.", "navicular P"),
        ("Signal change in the medial cuneiform could be artifact.", "cuneiform_medial P"),
        ("Low-level edema of the fifth metatarsal base cannot be discounted.", "metatarsal_5 P"),
        ("Borderline marrow edema in the calcaneus.", "calcaneus P"),
        ("A subtle bruise of the talus is a possibility.", "talus P"),
        ("Subtle signal in the cuboid, of uncertain reality.", "cuboid P"),
        (
            (
                "There is a patch of high STIR signal in the calcaneus; this may represent "
                "true edema or residual red marrow."
            ),
            "calcaneus P",
        ),
        ("Perhaps minimal edema in the third metatarsal head.", "metatarsal_3 P"),
        ("Equivocal edema of the talus; the calcaneus has none.", "calcaneus N, talus P"),
        ("The talus shows edema which could be due to early arthritis.", "talus A"),
        ("Marrow edema in the second metatarsal, presumably stress related.", "metatarsal_2 A"),
    ],
    "other words, and words left out": [
        ("The talus is awash with edema.", "talus A"),
        ("Waterlogged marrow in the cuboid on the fat-suppressed images.", "cuboid A"),
        ("The navicular lights up on STIR.", "navicular A"),
        ("The calcaneus returns high signal on STIR.", "calcaneus A"),
        ("The medial cuneiform marrow shows high T2 signal.", "cuneiform_medial A"),
        ("Patchy fluid signal in the cancellous bone of the calcaneus.", "calcaneus A"),
        ("The cuboid is suffused with edema.", "cuboid A"),
        ("Edema permeates the body of the talus.", "talus A"),
        ("Abnormally bright marrow in the base of the second metatarsal.", "metatarsal_2 A"),
        ("Marrow edema has developed in the third metatarsal.", "metatarsal_3 A"),
        (
            "There is new edema in the cuboid and it has spread to the navicular.",
            "cuboid A, navicular A",
        ),
        ("Edema extends from the talus into the calcaneus.", "calcaneus A, talus A"),
        ("Edema now also involves the lateral cuneiform.", "cuneiform_lateral A"),
        ("Edema fills the talar neck and spills into the body.", "talus A"),
        ("The talar dome contains a thin band of subchondral edema.", "talus A"),
        ("A trace of edema is also present in the navicular.", "navicular A"),
        (
            "There is edema in the talus; the calcaneus has a small amount too.",
            "calcaneus A, talus A",
        ),
        (
            (
                "Bone bruising pattern: lateral talus, cuboid, and anterior process of the "
                "calcaneus."
            ),
            "calcaneus A, cuboid A, talus A",
        ),
        (
            "Marrow edema in:\n- talus\n- navicular\nNo edema in:\n- cuboid",
            "cuboid N, navicular A, talus A",
        ),
        ("The talus was not edematous but is now.", "talus A"),
        ("No edema of the talus was present before, but there is now.", "talus A"),
        ("There is no edema in the talus, but there is in the calcaneus.", "calcaneus A, talus N"),
        ("The navicular is not edematous. The cuboid is.", "cuboid A, navicular N"),
        ("The talus shows edema but the calcaneus does not.", "calcaneus N, talus A"),
        (
            "The metatarsals are spared except for the fifth, which is edematous.",
            "metatarsal_5 A, metatarsal_unspecified N",
        ),
        (
            "Edema involves every tarsal bone except the cuboid.",
            "calcaneus A, cuboid N, cuneiform_unspecified A, navicular A, talus A",
        ),
        (
            "Subchondral edema on both sides of the second TMT joint.",
            "cuneiform_intermediate A, metatarsal_2 A",
        ),
        (
            "Second TMT joint: cartilage loss, with edema on both sides.",
            "cuneiform_intermediate A, metatarsal_2 A",
        ),
        ("Edema on the distal side of the naviculocuneiform joint.", "cuneiform_unspecified A"),
        ("Osteitis is present on the tibial side of the ankle joint.", "distal_tibia A"),
        ("The same bone also contains a cyst. Edema is present in the cuboid.", "cuboid A"),
        ("The talus contains a cyst. The same bone is diffusely edematous.", "talus A"),
        ("Soft tissue edema overlies the fifth metatarsal.", ""),
        ("Edema superficial to the cuboid lies in the subcutaneous fat.", ""),
        ("Denervation edema in the muscles beneath the metatarsals.", ""),
        (
            (
                "Edema at the calcaneal insertion of the plantar fascia is confined to the "
                "fascia; the bone is normal."
            ),
            "",
        ),
        (
            "Marrow edema is not only in the talus but also in the calcaneus.",
            "calcaneus A, talus A",
        ),
        ("Marrow edema was previously overlooked in the cuboid.", "cuboid A"),
        ("The calcaneus is not normal: it is edematous.", "calcaneus A"),
    ],
    "sides": [
        ("MRI BOTH FEET. R: bme cuboid. L: cuboid clear of bme.", "left cuboid N, right cuboid A"),
        (
            (
                "MRI BOTH FEET\nRIGHT: Edema in the navicular. The talus is spared.\nLEFT: No "
                "edema in the navicular."
            ),
            "left navicular N, right navicular A, right talus N",
        ),
        (
            (
                "BILATERAL ANKLE MRI. The right talus is edematous; its counterpart on the "
                "left is normal."
            ),
            "left talus N, right talus A",
        ),
        (
            "MRI both ankles. Right talus: marrow edema. Left talus: none.",
            "left talus N, right talus A",
        ),
        (
            "MRI both ankles. Marrow edema in the talus on the right, not on the left.",
            "left talus N, right talus A",
        ),
        (
            (
                "Bone | Right | Left\nTalus | edema | normal\nCuboid | none | none\nNavicular "
                "| normal | mild edema"
            ),
            (
                "left cuboid N, left navicular A, left talus N, right cuboid N, right "
                "navicular N, right talus A"
            ),
        ),
        (
            (
                "MRI of both feet. On the right there is marrow edema in the cuboid. The "
                "navicular is spared. On the left there is no marrow edema in the cuboid or "
                "navicular."
            ),
            "left cuboid N, left navicular N, right cuboid A, right navicular N",
        ),
        (
            (
                "MRI of both feet. In the right foot, the second metatarsal is edematous. "
                "The third metatarsal shows no edema. In the left foot, the second "
                "metatarsal is normal in signal."
            ),
            "left metatarsal_2 N, right metatarsal_2 A, right metatarsal_3 N",
        ),
        (
            (
                "Bilateral ankle MRI. Right ankle. Marrow edema in the talus. No edema in "
                "the calcaneus. Left ankle. Marrow edema in the calcaneus. No edema in the "
                "talus."
            ),
            "left calcaneus A, left talus N, right calcaneus N, right talus A",
        ),
        (
            (
                "MRI ANKLES. Right: talus edema, calcaneus no edema. Left: talus no edema, "
                "calcaneus no edema."
            ),
            "left calcaneus N, left talus N, right calcaneus N, right talus A",
        ),
        (
            ("Both feet were examined. Marrow edema is present in the navicular bilaterally."),
            "bilateral navicular A",
        ),
        (
            (
                "MRI left foot. The right foot was imaged last year and showed edema of the "
                "cuboid. Today there is edema in the left cuboid."
            ),
            "left cuboid A, right cuboid H",
        ),
        (
            (
                "MRI LEFT ANKLE.\nClinical: pain on the left, previous right ankle "
                "sprain.\nFindings: Edema of the talus."
            ),
            "left talus A",
        ),
        (
            (
                "Bilateral feet. Edema of the left navicular, right cuboid, and both first "
                "metatarsal heads."
            ),
            "bilateral metatarsal_1 A, left navicular A, right cuboid A",
        ),
        (
            (
                "MRI of both ankles. The tali are edematous on both sides. The right "
                "calcaneus is normal in signal; the left is edematous."
            ),
            "bilateral talus A, left calcaneus A, right calcaneus N",
        ),
        (
            (
                "MRI BOTH FEET\nRIGHT FOOT:\nMarrow: edema in cuboid.\nTendons: intact.\nLEFT "
                "FOOT:\nMarrow: no edema in cuboid.\nIMPRESSION: Right cuboid edema."
            ),
            "left cuboid N, right cuboid A",
        ),
        (
            (
                "MRI BOTH FEET\nRight foot\nThere is marrow edema in the cuboid.\n\nThe "
                "navicular has normal marrow.\nLeft foot\nThe cuboid and navicular have "
                "normal marrow."
            ),
            "left cuboid N, left navicular N, right cuboid A, right navicular N",
        ),
        (
            (
                "MRI both ankles. Right side: marrow edema of the talar dome. The calcaneus "
                "is spared. Left side: no marrow edema of the talus."
            ),
            "left talus N, right calcaneus N, right talus A",
        ),
        (
            (
                "Dear doctor, thank you for referring this man with left heel pain. The "
                "calcaneus shows marrow edema. The talus does not."
            ),
            "left calcaneus A, left talus N",
        ),
        (
            (
                "MRI of the right foot for comparison with the left, imaged last week. The "
                "right navicular is edematous, the cuboid is not."
            ),
            "right cuboid N, right navicular A",
        ),
        ("MRI HINDFOOT (L). There is edema in the calcaneus.", "left calcaneus A"),
        ("Examination: MRI foot - left. There is edema in the cuboid.", "left cuboid A"),
        (
            "MRI of both ankles. Marrow edema in the right talus but not in the left.",
            "left talus N, right talus A",
        ),
        (
            "MRI of both ankles. Marrow edema in the right talus; none on the left.",
            "left talus N, right talus A",
        ),
        (
            (
                "MRI of both ankles. The talus is edematous on the right and normal in "
                "signal on the left."
            ),
            "left talus N, right talus A",
        ),
        (
            "MRI of both ankles. Marrow edema in the talus, right greater than left.",
            "bilateral talus A",
        ),
    ],
    "denied, doubted and compared": [
        (
            (
                "There is a subtle area of increased STIR signal in the talar neck, which "
                "may be artifactual."
            ),
            "talus P",
        ),
        (
            (
                "Minor increased signal in the cuboid on one sequence only. This could "
                "represent magic angle or genuine edema."
            ),
            "cuboid P",
        ),
        (
            ("The calcaneus shows patchy signal that might be residual red marrow or mild edema."),
            "calcaneus P",
        ),
        (
            (
                "Low-grade STIR hyperintensity in the navicular, differential edema versus "
                "field inhomogeneity."
            ),
            "navicular P",
        ),
        (
            (
                "High T2 signal in the fifth metatarsal head is felt to be due to "
                "incomplete fat suppression."
            ),
            "metatarsal_5 N",
        ),
        (
            ("High STIR signal in the calcaneus is in keeping with red marrow rather than edema."),
            "calcaneus N",
        ),
        (
            (
                "Increased signal in the metatarsal heads is attributed to poor fat "
                "saturation and should not be read as edema."
            ),
            "metatarsal_unspecified N",
        ),
        ("Apparent talar edema on the coronal series is artifact.", "talus N"),
        ("Early stress response in the third metatarsal is suspected.", "metatarsal_3 P"),
        ("Early marrow edema of the calcaneus is not excluded.", "calcaneus P"),
        ("I cannot exclude a subtle bone bruise of the cuboid.", "cuboid P"),
        ("There may be a tiny focus of marrow edema in the navicular.", "navicular P"),
        ("The second metatarsal may be minimally edematous.", "metatarsal_2 P"),
        ("Question of faint marrow edema in the talus.", "talus P"),
        ("Marrow edema of the talus: doubtful.", "talus P"),
        ("Possible edema: calcaneus, cuboid.", "calcaneus P, cuboid P"),
        ("Cuneiforms: possible trace edema in the lateral one.", "cuneiform_lateral P"),
        (
            ("It would be difficult to exclude minimal edema in the fourth metatarsal base."),
            "metatarsal_4 P",
        ),
        ("Findings could indicate early stress reaction in the navicular.", "navicular P"),
        ("The appearance of the cuboid raises the possibility of a bone bruise.", "cuboid P"),
        (
            ("No definite marrow edema in the talus, although subtle change cannot be excluded."),
            "talus P",
        ),
        ("No convincing edema in the cuboid.", "cuboid N"),
        ("No frank marrow edema in the calcaneus.", "calcaneus N"),
        ("The talus is probably normal in signal.", "talus N"),
        ("The talus shows neither edema nor fracture.", "talus N"),
        ("Neither edema nor fracture is seen in the talus.", "talus N"),
        (
            "There is no fracture or marrow edema of the talus, calcaneus or cuboid.",
            "calcaneus N, cuboid N, talus N",
        ),
        (
            "No bone bruising of the lateral malleolus, talus or anterior process.",
            "distal_fibula N, talus N",
        ),
        ("Talus, calcaneus, navicular: no edema.", "calcaneus N, navicular N, talus N"),
        (
            "The navicular and cuneiforms are without signal abnormality.",
            "cuneiform_unspecified N, navicular N",
        ),
        (
            (
                "The navicular, cuboid and cuneiforms have a normal appearance on all "
                "sequences, with no edema."
            ),
            "cuboid N, cuneiform_unspecified N, navicular N",
        ),
        (
            (
                "There is no evidence of a stress reaction in the calcaneus, navicular, or "
                "metatarsals."
            ),
            "calcaneus N, metatarsal_unspecified N, navicular N",
        ),
        (
            "The first to fifth metatarsals return normal signal throughout.",
            ("metatarsal_1 N, metatarsal_2 N, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N"),
        ),
        (
            ("The talar dome and tibial plafond are congruent and show no subchondral edema."),
            "distal_tibia N, talus N",
        ),
        ("There is no osseous edema at the calcaneal insertion.", "calcaneus N"),
        ("The Achilles insertion on the calcaneus is free of marrow edema.", "calcaneus N"),
        (
            "No subchondral edema is present in the talus or the tibial plafond.",
            "distal_tibia N, talus N",
        ),
        ("The cuboid contains a bone island but no edema.", "cuboid N"),
        (
            "The metatarsal heads are normal, without flattening or edema.",
            "metatarsal_unspecified N",
        ),
        ("The os trigonum is present without surrounding or internal edema.", "talus N"),
        (
            (
                "No marrow signal abnormality is demonstrated within the sesamoids or first "
                "metatarsal head."
            ),
            "metatarsal_1 N, sesamoid N",
        ),
        ("The fifth metatarsal base is intact without edema.", "metatarsal_5 N"),
        ("The remaining metatarsals are normal. The cuboid has normal marrow.", "cuboid N"),
        ("No edema within the accessory navicular or the adjacent navicular.", "navicular N"),
        ("Bones: no edema in talus/calcaneus.", "calcaneus N, talus N"),
        (
            ("Marrow signal: talus normal, calcaneus normal, cuboid mildly increased on STIR."),
            "calcaneus N, cuboid A, talus N",
        ),
        (
            "The calcaneus exhibits no bruise, and the same is true of the cuboid.",
            "calcaneus N, cuboid N",
        ),
        (
            ("Marrow edema is limited to the navicular, with the cuboid and cuneiforms escaping."),
            "cuboid N, cuneiform_unspecified N, navicular A",
        ),
        (
            ("Marrow edema is limited to the navicular, sparing the cuboid and cuneiforms."),
            "cuboid N, cuneiform_unspecified N, navicular A",
        ),
        ("Edema affects the talar head and spares the neck and body.", "talus A"),
        (
            ("Edema occupies the third metatarsal shaft; the second and fourth are spared."),
            "metatarsal_2 N, metatarsal_3 A, metatarsal_4 N",
        ),
        (
            (
                "Stress fracture of the third metatarsal with edema; second and fourth "
                "metatarsals normal in signal."
            ),
            "metatarsal_2 N, metatarsal_3 A, metatarsal_4 N",
        ),
        (
            "There is edema in the cuboid but none in the calcaneus or navicular.",
            "calcaneus N, cuboid A, navicular N",
        ),
        (
            "The talus is edematous, as is the navicular; the cuboid is not.",
            "cuboid N, navicular A, talus A",
        ),
        (
            ("Contusions of the talus and cuboid. Calcaneus: clear."),
            "calcaneus N, cuboid A, talus A",
        ),
        (
            (
                "Bone contusions: talar head (moderate), anterior calcaneal process (mild), "
                "cuboid (none)."
            ),
            "calcaneus A, cuboid N, talus A",
        ),
        ("Marrow edema: talus - yes; calcaneus - no.", "calcaneus N, talus A"),
        (
            ("Talus - normal marrow, calcaneus - edema posteriorly, navicular - normal marrow."),
            "calcaneus A, navicular N, talus N",
        ),
        (
            "nav - bme mild, cub - no bme, c3 - bme trace",
            "cuboid N, cuneiform_lateral A, navicular A",
        ),
        (
            (
                "MRI right ankle. Talus: contusion, medial dome. Fibula: no contusion. "
                "Calcaneus: no contusion."
            ),
            "calcaneus N, distal_fibula N, talus A",
        ),
        (
            (
                "Stress response (grade 1) in the second metatarsal; third and fourth show "
                "nothing of this kind."
            ),
            "metatarsal_2 A, metatarsal_3 N, metatarsal_4 N",
        ),
        (
            (
                "There is edema on both sides of the talonavicular joint, more marked on "
                "the navicular side."
            ),
            "navicular A, talus A",
        ),
        ("Subchondral edema about the calcaneocuboid joint, cuboid side only.", "cuboid A"),
        ("Subchondral marrow edema at the posterior facet on the calcaneal side.", "calcaneus A"),
        ("Not only the talus but also the calcaneus is edematous.", "calcaneus A, talus A"),
        (
            "All five metatarsals are free of edema.",
            ("metatarsal_1 N, metatarsal_2 N, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N"),
        ),
        (
            (
                "ADDENDUM 3/4/2024: On review, the talar edema reported below is due to "
                "incomplete fat suppression and is not real.\nORIGINAL REPORT: MRI ankle. "
                "There is marrow edema in the talus. No edema in the cuboid."
            ),
            "cuboid N, talus N",
        ),
        ("Talar edema: previously 12 mm, now absent.", "talus H"),
        ("The talus, which was edematous in 2021, is normal in signal today.", "talus H"),
        (
            ("On the earlier scan the talus and cuboid were edematous; both have normalized."),
            "cuboid H, talus H",
        ),
        (
            (
                "Compared to the prior MRI the extensive talar edema is no longer present. "
                "A small focus of new edema is seen in the navicular."
            ),
            "navicular A, talus H",
        ),
        (
            (
                "The patient had a navicular stress reaction two years ago. The navicular "
                "is now normal in signal."
            ),
            "navicular H",
        ),
        (
            (
                "There has been complete healing of the calcaneal stress reaction, with "
                "normal marrow signal today."
            ),
            "calcaneus H",
        ),
        (
            ("Resolution of previously seen bone bruise of the lateral talus; marrow now normal."),
            "talus H",
        ),
        ("Interval improvement with only faint residual edema in the talar dome.", "talus A"),
        (
            ("The degree of marrow edema in the navicular has decreased since the prior exam."),
            "navicular A",
        ),
        ("Known stress reaction of the second metatarsal, unchanged.", "metatarsal_2 A"),
        ("Increased edema of the calcaneus compared with the study of 3 May.", "calcaneus A"),
    ],
    "short reports": [
        (
            "R ankle MRI. Talus BME +. Calc nil. Nav nil.",
            "right calcaneus N, right navicular N, right talus A",
        ),
        (
            "L foot. BME: 2nd MT shaft, 3rd MT base. Nil elsewhere.",
            "left metatarsal_2 A, left metatarsal_3 A",
        ),
        (
            "MRI R foot: BMO nav ++, cub +, med cun -, int cun -, lat cun -.",
            (
                "right cuboid A, right cuneiform_intermediate N, right "
                "cuneiform_lateral N, right cuneiform_medial N, right navicular A"
            ),
        ),
        (
            "Lt ankle. No BME tal/calc/nav/cub. ATFL tear.",
            "left calcaneus N, left cuboid N, left navicular N, left talus N",
        ),
        ("BME talus: no. BME calcaneus: yes.", "calcaneus A, talus N"),
        (
            "Edema: talus 2/3, calcaneus 0/3, navicular 1/3, cuboid 0/3.",
            "calcaneus N, cuboid N, navicular A, talus A",
        ),
        (
            "Marrow oedema score: talus 0, calcaneus 2, navicular 0, cuboid 1.",
            "calcaneus A, cuboid A, navicular N, talus N",
        ),
        (
            "Oedema Y/N: talus N, calcaneus N, navicular Y, cuboid N.",
            "calcaneus N, cuboid N, navicular A, talus N",
        ),
        ("Talus +ve for BME. Calcaneus -ve.", "calcaneus N, talus A"),
        ("Talus: BME (-). Calcaneus: BME (+).", "calcaneus A, talus N"),
        (
            "BME present: talus, navicular. BME absent: calcaneus, cuboid.",
            "calcaneus N, cuboid N, navicular A, talus A",
        ),
        (
            "BME: talus (mild), navicular (moderate). No BME: calcaneus, cuboid.",
            "calcaneus N, cuboid N, navicular A, talus A",
        ),
        (
            "Edema +: cuboid, lateral cuneiform. Edema -: navicular, talus.",
            "cuboid A, cuneiform_lateral A, navicular N, talus N",
        ),
        (
            "Right ankle: edema talus & calcaneus; navicular & cuboid ok.",
            "right calcaneus A, right cuboid N, right navicular N, right talus A",
        ),
        ("Edema talar neck only.", "talus A"),
        ("Navicular edema only; other tarsals normal.", "navicular A"),
        (
            "STIR: talus bright, calcaneus dark, navicular dark.",
            "calcaneus N, navicular N, talus A",
        ),
        (
            "1. Talus: edema. 2. Calcaneus: no edema. 3. Navicular: ?edema.",
            "calcaneus N, navicular P, talus A",
        ),
        (
            ("1) marrow edema talus 2) no marrow edema calcaneus 3) ATFL torn"),
            "calcaneus N, talus A",
        ),
        ("Nav: ? BME, soft call. Cub: no.", "cuboid N, navicular P"),
        (
            "MT2: BME. MT3: BME. MT4: nil. MT5: nil.",
            "metatarsal_2 A, metatarsal_3 A, metatarsal_4 N, metatarsal_5 N",
        ),
        (
            "MT1 normal marrow, MT2 BME, MT3-5 normal marrow",
            ("metatarsal_1 N, metatarsal_2 A, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N"),
        ),
        (
            "MT 1-5 no BME.",
            ("metatarsal_1 N, metatarsal_2 N, metatarsal_3 N, metatarsal_4 N, metatarsal_5 N"),
        ),
        (
            "Metatarsals: 2 edema, 3 edema, 4 normal, 5 normal.",
            "metatarsal_2 A, metatarsal_3 A, metatarsal_4 N, metatarsal_5 N",
        ),
        (
            "Metatarsals 1, 4 and 5 clear, 2 and 3 edematous.",
            ("metatarsal_1 N, metatarsal_2 A, metatarsal_3 A, metatarsal_4 N, metatarsal_5 N"),
        ),
        (
            "2nd MT oedema ++, 3rd MT oedema +, 4th/5th MT clear.",
            "metatarsal_2 A, metatarsal_3 A, metatarsal_4 N, metatarsal_5 N",
        ),
        (
            "Cuneiforms: medial edema; intermediate none; lateral none.",
            "cuneiform_intermediate N, cuneiform_lateral N, cuneiform_medial A",
        ),
        ("Edema, talus. No edema, calcaneus.", "calcaneus N, talus A"),
        ("No edema: talus. No edema: calcaneus. Edema: cuboid.", "calcaneus N, cuboid A, talus N"),
        ("Poss BME talus. Prob BME cuboid. No BME calc.", "calcaneus N, cuboid P, talus P"),
        ("BME ?talus.", "talus P"),
        ("?BME cuboid. Talus clear.", "cuboid P, talus N"),
        ("Query edema 3rd MT head.", "metatarsal_3 P"),
        ("Bone bruise lat talus + cuboid. Nil calc.", "calcaneus N, cuboid A, talus A"),
        (
            "Contusions: talar dome, ant process calc. No contusion: fibula, navicular.",
            "calcaneus A, distal_fibula N, navicular N, talus A",
        ),
        ("BMEs: tal, nav. Prev BME calc resolved.", "calcaneus H, navicular A, talus A"),
        ("Old BME calcaneus gone. New BME talus.", "calcaneus H, talus A"),
        ("BME talus: was ++, now +.", "talus A"),
        ("Navicular: edema resolved. Cuboid: edema persists.", "cuboid A, navicular H"),
        ("Stress rxn 2nd MT resolved; new stress rxn 3rd MT.", "metatarsal_2 H, metatarsal_3 A"),
        ("Talus | no edema\nCalcaneus | edema\nNavicular | ?", "calcaneus A, talus N"),
        (
            (
                "Talus .......... normal marrow\nCalcaneus ...... edema\nNavicular ...... "
                "normal marrow"
            ),
            "calcaneus A, navicular N, talus N",
        ),
        (
            "Talus      no edema\nCalcaneus  edema\nNavicular  no edema",
            "calcaneus A, navicular N, talus N",
        ),
        (
            "TALUS - NO OEDEMA\nCALCANEUM - OEDEMA\nNAVICULAR - NO OEDEMA",
            "calcaneus A, navicular N, talus N",
        ),
        (
            "Bone marrow edema\nTalus: +\nCalcaneus: -\nNavicular: +",
            "calcaneus N, navicular A, talus A",
        ),
        (
            "Bone marrow edema: talus=1, calcaneus=0, navicular=0.",
            "calcaneus N, navicular N, talus A",
        ),
        ("Edema (talus, navicular). No edema (calcaneus).", "calcaneus N, navicular A, talus A"),
        (
            "Edema - talus, navicular. No edema - calcaneus, cuboid.",
            "calcaneus N, cuboid N, navicular A, talus A",
        ),
        ("Talus & nav: BME. Calc & cub: no BME.", "calcaneus N, cuboid N, navicular A, talus A"),
        ("Talus shows BME, calcaneus doesn't.", "calcaneus N, talus A"),
        ("Edema talus not calcaneus.", "calcaneus N, talus A"),
        ("Edema of cuboid, talus ok, calcaneus ok.", "calcaneus N, cuboid A, talus N"),
        ("No edema anywhere except cuboid.", "cuboid A"),
        ("Only the cuboid has edema.", "cuboid A"),
        ("Everything normal except edema in the navicular.", "navicular A"),
    ],
    "two feet in one report": [
        (
            (
                "MRI BOTH FEET\n\nClinical details: Bilateral forefoot pain, left worse than "
                "right.\n\nReport:\nLeft foot: There is marrow oedema within the second "
                "metatarsal shaft. The third metatarsal is normal in signal. The tendons "
                "are intact.\n\nRight foot: The second metatarsal shows no oedema. There is a "
                "small effusion of the first MTP joint. The third metatarsal is normal in "
                "signal.\n\nConclusion: Left second metatarsal stress reaction. No "
                "abnormality on the right."
            ),
            (
                "left metatarsal_2 A, left metatarsal_3 N, right metatarsal_2 N, right "
                "metatarsal_3 N"
            ),
        ),
        (
            (
                "MRI both ankles\n\nThe left ankle was imaged first. There is subchondral "
                "marrow oedema in the talar dome. The calcaneum returns normal signal.\n\nThe "
                "right ankle was then imaged. There is no marrow oedema in the talus. The "
                "calcaneum has normal signal.\n\nConclusion: Left talar dome oedema; normal "
                "right ankle."
            ),
            "left calcaneus N, left talus A, right calcaneus N, right talus N",
        ),
        (
            (
                "Dear Dr Smith\n\nRe: MRI right and left feet\n\nOn the left, there is marrow "
                "oedema in the navicular extending to the dorsal cortex. The cuneiforms "
                "return normal signal. On the right, the navicular is normal in signal and "
                "the cuneiforms show no oedema.\n\nIn summary, left navicular stress reaction."
            ),
            (
                "left cuneiform_unspecified N, left navicular A, right "
                "cuneiform_unspecified N, right navicular N"
            ),
        ),
        (
            (
                "MRI LEFT ANKLE\n\nHistory: Pain for six weeks. The right ankle was imaged in "
                "2022.\n\nFindings: There is marrow oedema in the talus. No oedema is present "
                "in the calcaneus."
            ),
            "left calcaneus N, left talus A",
        ),
        (
            (
                "MRI LEFT ANKLE\n\nFindings: There is marrow oedema in the talus. By "
                "comparison, the right talus on the coronal localiser is normal in signal."
            ),
            "left talus A, right talus N",
        ),
        (
            (
                "MRI RIGHT FOOT\n\nFindings: There is oedema in the cuboid on both sides of "
                "the calcaneocuboid joint and in the calcaneus."
            ),
            "right calcaneus A, right cuboid A",
        ),
        (
            (
                "MRI RIGHT FOOT\n\nFindings: On both sides of the second tarsometatarsal "
                "joint there is subchondral oedema."
            ),
            "right cuneiform_intermediate A, right metatarsal_2 A",
        ),
        (
            (
                "MRI RIGHT ANKLE\n\nFindings: There is bilateral gutter synovitis. The talus "
                "is oedematous."
            ),
            "right talus A",
        ),
        (
            (
                "MRI RIGHT ANKLE\n\nIndication: bilateral ankle pain.\n\nFindings: Both "
                "malleoli are oedematous."
            ),
            "right distal_fibula A, right distal_tibia A",
        ),
        (
            (
                "MRI RIGHT FOOT\n\nFindings: Both the cuboid and the navicular are "
                "oedematous. Both sesamoids are normal in signal."
            ),
            "right cuboid A, right navicular A, right sesamoid N",
        ),
        (
            (
                "MRI RIGHT FOOT\n\nFindings: Both hallux sesamoids show marrow oedema. Both "
                "borders of the cuboid are oedematous."
            ),
            "right cuboid A, right sesamoid A",
        ),
        (
            (
                "MRI right ankle. The cortex of both the talus and the calcaneus is intact. "
                "There is oedema in the talus at both ends of the coalition."
            ),
            "right talus A",
        ),
        (
            (
                "MRI left ankle. Oedema in the medial malleolus, talar dome and calcaneus, "
                "mirrored on both sides of the subtalar joint."
            ),
            "left calcaneus A, left distal_tibia A, left talus A",
        ),
        (
            "MRI LEFT FOOT. Either side of the Lisfranc joint there is oedema.",
            "left cuneiform_unspecified A, left metatarsal_unspecified A",
        ),
    ],
    "other words": [
        ("Edema of the talus has resolved but persists in the cuboid.", "cuboid A, talus H"),
        (
            "There is an ulcer over the first metatarsal head without marrow edema.",
            "metatarsal_1 N",
        ),
        (
            "MRI both ankles. Marrow edema in the right talus, not the left talus.",
            "left talus N, right talus A",
        ),
        (
            "MRI both ankles. Marrow edema in the right talus, not left.",
            "left talus N, right talus A",
        ),
        ("Marrow edema unlikely to represent infection in the talus.", "talus A"),
        (
            (
                "Marrow edema of the talus. Possible edema of the cuboid.\nADDENDUM: "
                "Impression item 2 should be disregarded. No edema in the cuboid."
            ),
            "cuboid N, talus A",
        ),
        ("Marrow signal: talus normal, cuboid mildly increased on STIR.", "cuboid A, talus N"),
        ("Marrow edema in the navicular, new in the cuboid.", "cuboid A, navicular A"),
    ],
    "groups and what is left of them": [
        (
            "Cuneiforms: all three return normal marrow signal.",
            "cuneiform_intermediate N, cuneiform_lateral N, cuneiform_medial N",
        ),
        ("Metatarsals: 5th metatarsal base: no bone edema; rest normal.", "metatarsal_5 N"),
        (
            "The navicular shows no marrow edema, the cuboid being outside the field of view.",
            "navicular N",
        ),
        (
            (
                "A mass replaces the head of the fourth metatarsal. Marrow edema extends along "
                "the shaft of the same metatarsal."
            ),
            "metatarsal_4 A",
        ),
        (
            (
                "Stress reaction of the second and third metatarsals. A similar change in the "
                "fourth is questionable."
            ),
            "metatarsal_2 A, metatarsal_3 A, metatarsal_4 P",
        ),
        ("The normal fatty marrow of the talus is replaced by edema.", "talus A"),
    ],
    "the course of an edema that is known": [
        ("Oedema of M2 and M3.", "metatarsal_2 A, metatarsal_3 A"),
        (
            (
                "On that examination the cuboid was markedly edematous, and the present degree "
                "of cuboid edema represents improvement."
            ),
            "cuboid A",
        ),
        ("Whether the talar edema will progress cannot be said.", "talus A"),
        ("It is uncertain whether the talar edema is traumatic or degenerative.", "talus A"),
        (
            "The possibility that the talar edema is due to infection cannot be excluded.",
            "talus A",
        ),
        ("Whether the signal in the talus is edema is uncertain.", "talus P"),
        ("Whether the talar edema is genuine is uncertain.", "talus P"),
        ("The talar edema does not extend to the subtalar joint.", "talus A"),
        (
            "An effusion distends the recess abutting the talar neck, whose marrow is normal.",
            "talus N",
        ),
        (
            (
                "Marrow edema of the talus.\nTeaching point: edema commonly migrates to the "
                "navicular."
            ),
            "talus A",
        ),
        ("Calcaneal pain. Marrow edema in the cuboid, now forefoot pain.", "cuboid A"),
    ],
}
CASES = [
    pytest.param(text, expected, id=f"{family}: {text[:60]}")
    for family, rows in FAMILIES.items()
    for text, expected in rows
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_wording(text, expected):
    is_sided = any(side in expected for side in ("left", "right", "bilateral"))
    found = fold(READER.read(text).statements)

    said = {
        f"{f.laterality} " * (is_sided and f.laterality is not Laterality.UNKNOWN)
        + f"{f.bone} {LETTERS[f.certainty]}"
        for f in found
    }

    assert said == {part for part in expected.split(", ") if part}
