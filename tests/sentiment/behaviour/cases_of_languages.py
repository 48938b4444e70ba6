"""Made-up texts by capability in seven languages, with the answers that LABELS.md allows."""

from __future__ import annotations

from sentiment.scoring.text import Text
from tests.sentiment.behaviour.cases import BAD, FINE, NOTHING, WOW, Case

_SAID: dict[str, list[tuple[str, set[str]]]] = {
    "negation": [
        ("Der Fahrer war nicht freundlich und das Paket war nicht pünktlich.", BAD),
        ("Le personnel n'était pas aimable et la chambre n'était pas propre.", BAD),
        ("El envío no fue rápido y el producto no funciona.", BAD),
        ("Il servizio non è stato cortese e il cibo non era buono.", BAD),
        ("O atendimento não foi bom e o produto não funciona.", BAD),
        ("スタッフは親切ではなく、部屋もきれいではなかったです。", BAD),
        ("服务员不友好，房间也不干净。", BAD),
        ("Gar nicht schlecht, das Essen war in Ordnung.", FINE),
        ("Pas mal du tout, rien à redire sur la livraison.", FINE),
        ("No está nada mal, cumple con lo que promete.", FINE),
        ("Niente male, nessun problema con la consegna.", FINE),
        ("Nada mal, não tive nenhum problema com a entrega.", FINE),
    ],
    "emoji": [
        ("Lieferung angekommen 😍😍😍 so schön!", WOW),
        ("Mon colis est arrivé cassé 😡😡", BAD),
        ("Me encanta ❤️❤️ el mejor regalo", WOW),
        ("Tre settimane di attesa 🤬 e nessuna risposta", BAD),
        ("Chegou tudo quebrado 😤😤 péssimo", BAD),
        ("届いた商品が最高すぎる😍✨大満足！", WOW),
        ("等了一个月还没到😡😡", BAD),
    ],
    "sarcasm": [
        ("Na toll, nach drei Wochen immer noch kein Paket. Super Service, danke für nichts.", BAD),
        ("Bravo, deux heures d'attente pour un café froid. Quel service de rêve...", BAD),
        ("Genial, otra vez sin internet. Gracias por nada.", BAD),
        ("Complimenti, terza volta che sbagliate l'ordine. Davvero bravi.", BAD),
        ("Parabéns, mais um mês sem resposta. Que atendimento maravilhoso, só que não.", BAD),
        ("さすがですね、三週間待っても届きません。素晴らしい対応ですこと。", BAD),
        ("真厉害，三个星期了还没发货，服务可真好啊。", BAD),
    ],
    "questions": [
        ("Gibt es das Modell auch in Blau?", NOTHING),
        ("Est-ce que le magasin est ouvert le dimanche ?", NOTHING),
        ("¿A qué hora abre la tienda los sábados?", NOTHING),
        ("Qualcuno sa se spediscono anche in Svizzera?", NOTHING),
        ("Alguém sabe se entregam no interior?", NOTHING),
        ("この商品は海外発送できますか？", NOTHING),
        ("请问这个有蓝色的吗？", NOTHING),
        ("Seit zwei Wochen warte ich auf meine Rückzahlung, wann passiert endlich etwas?", BAD),
        ("Pourquoi mon compte est-il bloqué depuis dix jours sans aucune réponse ?", BAD),
        ("¿Por qué nadie contesta? Llevo un mes esperando el reembolso.", BAD),
    ],
    "staff": [
        ("Ein riesiges Dankeschön an Frau Weber, sie hat sich unglaublich Mühe gegeben!", WOW),
        ("Un immense merci à Sophie, démenée pour nous aider, elle est formidable !", WOW),
        ("Mil gracias a Carmen, se desvivió por ayudarnos, ¡es increíble!", WOW),
        ("Un grazie enorme a Luca, gentilissimo e davvero fantastico!", WOW),
        ("Muito obrigada à Ana, que fez de tudo para me ajudar, simplesmente incrível!", WOW),
        ("佐藤さんが本当に親切で、心から感謝しています。最高でした！", WOW),
        ("特别感谢小李，服务太贴心了，非常感动！", WOW),
    ],
}  # fmt: skip
CAPABILITIES = {
    name: [Case(Text(text), experience) for text, experience in said]
    for name, said in _SAID.items()
}
# A brand's name is no reason for another verdict.
BRANDS = ("Nordwind", "Acme", "Zalora", "Kestrel Bank", "Toyama")
BRAND_SENTENCES = [
    "Bei {} wartet man ewig und bekommt nie eine Antwort.",
    "{} : colis perdu et aucun remboursement, c'est scandaleux.",
    "Estoy encantado con {}, ¡todo fue perfecto!",
    "{} è fantastico, personale gentilissimo!",
    "A {} entregou tudo certo, nada a reclamar.",
    "{}のサポートは最悪で、何度連絡しても返事がありません。",
    "{}的客服态度很差，再也不买了。",
]
