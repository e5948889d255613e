"""marrowd: low 25-hydroxyvitamin D and MRI marrow edema of the foot, read together in the EHR."""
