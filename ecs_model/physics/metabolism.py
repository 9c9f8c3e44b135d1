"""Where ATP comes from: respiration, and the phosphocreatine that stores it.

    respiration        ADP + Pi -> ATP     V ADP/(ADP + K_ADP) O2/(O2 + K_O2)
    creatine kinase    PCr + ADP + H+ <-> ATP + Cr
    supply             f H (C_artery - C_blood) = k (C_blood - C)

References:
    Chance & Williams (1955), J Biol Chem 217, 383: ADP controls respiration.
    Lawson & Veech (1979), J Biol Chem 254, 6528: equilibrium of creatine kinase.
    Erecinska & Silver (1989), J Cereb Blood Flow Metab 9, 2: ATP, PCr and their use in brain.
"""

STILL = 1e-30  # 1/s: nothing passes either of two ways


def in_series(exchange, arriving):
    """Rate [1/s] at which tissue approaches arterial blood: 1/exchange and 1/arriving add up.

    Args:
        exchange: rate at which it approaches the blood in its capillaries [1/s].
        arriving: flow of blood per volume of tissue [1/s], times what blood holds over what is
            dissolved in it.
    """
    return exchange * arriving / (exchange + arriving + STILL)


def respiration(adp, oxygen, capacity, adp_50, oxygen_50):
    """Rate at which mitochondria make ATP, as `capacity`."""
    return capacity * adp / (adp + adp_50) * oxygen / (oxygen + oxygen_50)


def creatine_kinase(atp, adp, phosphocreatine, creatine, rate, equilibrium):
    """Rate [mM/s] at which phosphocreatine turns ADP into ATP.

    Args:
        atp: ATP [mM].
        adp: ADP [mM].
        phosphocreatine: PCr [mM].
        creatine: Cr [mM].
        rate: forward constant [1/mM/s].
        equilibrium: ATP Cr / (ADP PCr) at the pH of the cell.
    """
    return rate * (adp * phosphocreatine - atp * creatine / equilibrium)


def phosphocreatine_at_rest(atp, adp, creatine_total, equilibrium):
    """Phosphocreatine [mM] in equilibrium with ATP and ADP."""
    return creatine_total / (1 + adp * equilibrium / atp)
